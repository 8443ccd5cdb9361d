//! The view on the landing page, as its host finds it there.
//!
//! A static site has one origin, so the view is opaque: the host's script gives it to a frame by `srcdoc`, under the policy that hosts would
//! serve it with. Such a frame is under the policy of the page, too, so the page has the same one: it is no looser than the view needs.

use serde_json::{Value, json};

use super::{App, trace::Trace};

/// A view that is shown, and all that its host needs.
#[derive(Debug)]
pub(super) struct Demo {
    /// The name of its tool, for people.
    pub(super) title: String,
    /// The policy of the page and of the view.
    pub(super) policy: String,
    /// Set if it is more than an opening call.
    pub(super) is_recorded: bool,
    data: Value,
}

impl Demo {
    pub(super) fn of(app: &App, trace: &Trace) -> Option<Self> {
        // That they are there was checked when the trace was taken.
        let (tool, view) = trace.view(&app.served).ok()?;
        let title = tool.shown();
        let csp = &view.meta["csp"];
        let data = json!({
            "title": title,
            "html": view.html,
            "csp": object(csp),
            "permissions": object(&view.meta["permissions"]),
            "frames": trace.frames.iter().filter(|frame| is_replayed(frame)).collect::<Vec<_>>(),
        });
        Some(Self { title, policy: pmcp_preview::policy(csp), is_recorded: trace.is_recorded, data })
    }

    /// The data as the text of an element `script`: nothing in it ends the element, or begins a comment.
    pub(super) fn script(&self) -> String {
        let mut text = String::new();
        for c in self.data.to_string().chars() {
            match c {
                '<' => text.push_str("\\u003c"),
                '>' => text.push_str("\\u003e"),
                '&' => text.push_str("\\u0026"),
                '\u{2028}' => text.push_str("\\u2028"),
                '\u{2029}' => text.push_str("\\u2029"),
                c => text.push(c),
            }
        }
        text
    }
}

/// Set if a replay needs the frame. What a view has logged or kept is nobody's.
fn is_replayed(frame: &Value) -> bool {
    let message = &frame["message"];
    frame["from"] != "view" || !message["id"].is_null() || message["method"] == "ui/notifications/initialized"
}

/// The value, if it is an object; else an empty one.
fn object(value: &Value) -> Value {
    if value.is_object() { value.clone() } else { json!({}) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::{app::tests::app, trace::tests::TEXT};

    fn demo(html: &str) -> Demo {
        let mut app = app(&json!({}), None);
        app.served.views[0].html = html.to_owned();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), TEXT).unwrap();
        Demo::of(&app, &Trace::read(file.path()).unwrap()).unwrap()
    }

    #[test]
    fn a_document_cannot_end_the_element_that_holds_it() {
        let html = "<!doctype html><!--<script></script>--><p>a & b \u{2028}</p>";
        let script = demo(html).script();
        assert!(!script.contains(['<', '>', '&', '\u{2028}']), "{script}");
        assert_eq!(serde_json::from_str::<Value>(&script).unwrap()["html"], html);
    }

    #[test]
    fn what_a_view_has_logged_is_not_published() {
        let frame = |from: &str, message: Value| json!({ "ms": 0, "from": from, "to": "host", "message": message });
        for needed in [
            frame("view", json!({ "id": 1, "method": "tools/call" })),
            frame("view", json!({ "method": "ui/notifications/initialized" })),
            frame("server", json!({ "method": "notifications/progress" })),
        ] {
            assert!(is_replayed(&needed), "{needed}");
        }
        assert!(!is_replayed(&frame(
            "view",
            json!({ "method": "notifications/message", "params": { "data": "secret" } })
        )));
    }

    #[test]
    fn the_page_is_under_the_policy_of_the_view() {
        let demo = demo("<p>");
        assert!(demo.policy.contains("img-src 'self' data: https://tiles.example.com"), "{}", demo.policy);
        assert!(demo.policy.contains("default-src 'none'"));
        assert!(demo.is_recorded);
    }
}
