//! Whom to connect to, and as whom.

use std::collections::BTreeMap;

use pmcp_preview_client::Emulated;
use serde::Deserialize;
use serde_json::Value;

/// Whom to connect to, and as whom, as the page knows it of its host process.
#[derive(Debug, Deserialize)]
pub(crate) struct Wishes {
    /// The URL of the server's endpoint, or of a relay to it.
    pub(crate) url: String,
    /// Headers of every request.
    pub(crate) headers: BTreeMap<String, String>,
    /// The version to speak.
    pub(crate) protocol: String,
    /// The client that the server is to see.
    pub(crate) client: Emulated,
    /// The capabilities of the server.
    pub(crate) capabilities: Value,
    /// Calls may become tasks, where the client and the server have them.
    pub(crate) tasks: bool,
}
