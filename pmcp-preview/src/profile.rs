//! Hosts that are emulated: a JSON file each.

use std::sync::LazyLock;

use pmcp_client::Version;
use serde::Deserialize;
use serde_json::Value;

/// The files, in the order in which they are offered.
const FILES: [&str; 1] = [include_str!("../profiles/specification.json")];

/// The profile of a host that is not told.
pub(crate) const FIRST: &str = "specification";

/// A host that is emulated, as far as this side enforces it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Profile {
    pub(crate) id: String,
    pub(crate) client: Client,
    /// The whole file, which the page enforces the rest of.
    #[serde(skip)]
    pub(crate) json: Value,
}

/// The client that servers see.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "each is a capability of its own")]
pub(crate) struct Client {
    pub(crate) name: String,
    pub(crate) version: String,
    revisions: Vec<String>,
    pub(crate) ui: bool,
    pub(crate) tasks: bool,
    pub(crate) elicitation: bool,
    pub(crate) sampling: bool,
    pub(crate) roots: bool,
}

impl Client {
    /// Tells whether the host speaks this version.
    pub(crate) fn speaks(&self, version: Version) -> bool {
        self.revisions.iter().any(|name| name == version.as_str())
    }
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

/// The profile with this id.
pub(crate) fn find(id: &str) -> Option<&'static Profile> {
    PROFILES.iter().find(|profile| profile.id == id)
}
