//! Hosts that are emulated: a JSON file each.

use std::{collections::BTreeMap, sync::LazyLock};

use pmcp_preview_client::Emulated;
use serde::Deserialize;
use serde_json::Value;

/// The files, in the order in which they are offered.
const FILES: [&str; 9] = [
    include_str!("../profiles/specification.json"),
    include_str!("../profiles/claude.json"),
    include_str!("../profiles/chatgpt-developer.json"),
    include_str!("../profiles/chatgpt-published.json"),
    include_str!("../profiles/vscode.json"),
    include_str!("../profiles/cursor.json"),
    include_str!("../profiles/copilot.json"),
    include_str!("../profiles/goose.json"),
    include_str!("../profiles/text.json"),
];

/// The profile of a host that is not told.
pub(crate) const FIRST: &str = "specification";

/// A host that is emulated, as far as this side enforces it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Profile {
    pub(crate) id: String,
    pub(crate) client: Emulated,
    pub(crate) policy: Policy,
    pub(crate) sandbox: Sandbox,
    /// The whole file, which the page enforces the rest of.
    #[serde(skip)]
    pub(crate) json: Value,
}

/// The source of a view's policy.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Policy {
    pub(crate) from: Source,
    /// A resource that declares nothing has the strict policy.
    pub(crate) strict_without: bool,
    /// Sources that the host adds of its own, by directive.
    pub(crate) additions: BTreeMap<String, Vec<String>>,
}

/// The field of a resource's `_meta` that a host makes the policy from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Source {
    /// `ui.csp`.
    McpApps,
    /// `openai/widgetCSP`.
    Openai,
    /// None: views are not held back.
    None,
}

/// The sandbox of a view.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Sandbox {
    /// Permissions that are granted if they are declared.
    pub(crate) permissions: Vec<String>,
    /// Views may have frames.
    pub(crate) nested_frames: bool,
}

/// All profiles. A file that cannot be read is none; a test sees to it that there is none such.
pub(crate) static PROFILES: LazyLock<Vec<Profile>> = LazyLock::new(|| {
    let read = |text: &&str| {
        let json: Value = serde_json::from_str(text).ok()?;
        let profile = Profile::deserialize(&json).ok()?;
        Some(Profile { json, ..profile })
    };
    FILES.iter().filter_map(read).collect()
});

/// The hosts that are emulated, each as its whole file: `id`, `title`, what it is towards servers and views, and `sources`, the evidence of
/// each part.
pub fn profiles() -> impl Iterator<Item = &'static Value> {
    PROFILES.iter().map(|profile| &profile.json)
}

/// The profile with this id.
pub(crate) fn find(id: &str) -> Option<&'static Profile> {
    PROFILES.iter().find(|profile| profile.id == id)
}

#[cfg(test)]
mod tests {
    use pmcp_client::Version;

    use super::*;

    #[test]
    fn every_file_is_a_profile_with_its_evidence() {
        assert_eq!(PROFILES.len(), FILES.len());
        assert_eq!(PROFILES[0].id, FIRST);
        for Profile { id, client, json, .. } in &*PROFILES {
            assert!(client.versions().next().is_some(), "{id} speaks no version");
            for part in ["client", "capabilities", "context", "policy", "sandbox", "openai"] {
                let source = &json["sources"][part];
                let kind = source["kind"].as_str().unwrap();
                assert!(["probe", "vendor", "assumed"].contains(&kind), "{id}: {part}");
                assert_eq!(source["date"].as_str().unwrap().len(), "2026-11-27".len(), "{id}: {part}");
            }
            for part in ["title", "host", "visibility", "openai"] {
                assert!(json.get(part).is_some(), "{id} lacks `{part}`");
            }
            for token in json["sandbox"]["tokens"].as_array().unwrap() {
                let leaves = ["allow-top-navigation", "allow-popups"]
                    .iter()
                    .any(|token_of| token.as_str().unwrap().starts_with(token_of));
                assert!(!leaves, "{id} lets views leave their frame");
            }
        }
    }

    #[test]
    fn the_newest_version_of_each_kind_is_tried() {
        let of = |id| find(id).unwrap().client.versions().map(Version::as_str).collect::<Vec<_>>();
        assert_eq!(of("specification"), ["2026-07-28", "2025-11-25"]);
        assert_eq!(of("claude"), ["2025-11-25"]);
        assert_eq!(of("copilot"), ["2024-11-05"]);
    }
}
