//! How clients show what a server offers, and to whom: icons and annotations (schema, `Icon` and `Annotations`; since 2025-11-25).

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};

/// A picture of a server, tool, prompt or resource. A program for which it matters whose pictures it loads takes those of the server's
/// own domain.
///
/// ```
/// use pmcp_protocol::{Icon, IconTheme};
///
/// let icon = Icon::new("https://example.com/board-dark.svg").mime_type("image/svg+xml").sizes(["any"]).theme(IconTheme::Dark);
/// assert_eq!(serde_json::to_value(icon)?["theme"], "dark");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Icon {
    src: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    mime_type: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    sizes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    theme: Option<IconTheme>,
}

impl Icon {
    /// The picture at this address: `https:`, `http:`, or `data:` with Base64.
    pub fn new(src: impl Into<String>) -> Self {
        Self { src: src.into(), mime_type: None, sizes: Vec::new(), theme: None }
    }

    /// A picture that is told with all of its bytes, for those there are no addresses of. They go out with every list it is in, so that
    /// it is best a few KiB.
    ///
    /// ```
    /// use pmcp_protocol::Icon;
    ///
    /// let icon = Icon::embedded(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"); // or `include_bytes!("icon.svg")`
    /// assert!(serde_json::to_value(icon)?["src"].as_str().is_some_and(|src| src.starts_with("data:image/svg+xml;base64,PHN2")));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn embedded(bytes: impl AsRef<[u8]>, mime_type: impl Into<String>) -> Self {
        let mime_type = mime_type.into();
        Self::new(format!("data:{mime_type};base64,{}", BASE64_STANDARD.encode(bytes))).mime_type(mime_type)
    }

    /// Its MIME type, where the address does not tell.
    #[must_use]
    pub fn mime_type(self, mime_type: impl Into<String>) -> Self {
        Self { mime_type: Some(mime_type.into()), ..self }
    }

    /// The sizes it is meant for, in pixels, as in `48x48`, or `any`. Without them it fits every size.
    #[must_use]
    pub fn sizes<T: Into<String>>(self, sizes: impl IntoIterator<Item = T>) -> Self {
        Self { sizes: sizes.into_iter().map(Into::into).collect(), ..self }
    }

    /// The theme it is meant for. Without one it fits both.
    #[must_use]
    pub fn theme(self, theme: IconTheme) -> Self {
        Self { theme: Some(theme), ..self }
    }
}

/// The background an [`Icon`] is drawn for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IconTheme {
    /// A light one.
    Light,
    /// A dark one.
    Dark,
}

/// Somebody in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The user.
    User,
    /// The model.
    Assistant,
}

/// Hints about a resource or a part of a result: for whom it is, and how much it matters.
///
/// ```
/// use pmcp_protocol::{Annotations, Content, Role};
///
/// let log = Content::text("…").annotated(Annotations::new().audience([Role::User]).priority(0.2));
/// assert_eq!(log.as_value()["annotations"]["audience"][0], "user");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Annotations {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    audience: Vec<Role>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_modified: Option<String>,
}

impl Annotations {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Those it is for.
    #[must_use]
    pub fn audience(self, audience: impl IntoIterator<Item = Role>) -> Self {
        Self { audience: audience.into_iter().collect(), ..self }
    }

    /// How much it matters, from 0 (it can be left out) to 1 (it is needed); what lies beyond is taken for the nearer of them.
    #[must_use]
    pub fn priority(self, priority: f64) -> Self {
        Self { priority: Some(if priority.is_nan() { 0.0 } else { priority.clamp(0.0, 1.0) }), ..self }
    }

    /// When it was changed last, as ISO 8601 has it: `2026-07-28T15:00:58Z`.
    #[must_use]
    pub fn last_modified(self, time: impl Into<String>) -> Self {
        Self { last_modified: Some(time.into()), ..self }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_not_said_is_not_written() {
        assert_eq!(
            serde_json::to_value(Icon::new("data:image/png;base64,AA==")).unwrap(),
            json!({ "src": "data:image/png;base64,AA==" })
        );
        assert_eq!(serde_json::to_value(Annotations::new()).unwrap(), json!({}));
    }

    #[test]
    fn a_priority_is_one_of_the_schema() {
        for (given, written) in [(7.0, 1.0), (-1.0, 0.0), (f64::NAN, 0.0), (0.5, 0.5)] {
            let annotations = Annotations::new().priority(given);
            assert_eq!(serde_json::to_value(annotations).unwrap()["priority"], written, "{given}");
        }
    }
}
