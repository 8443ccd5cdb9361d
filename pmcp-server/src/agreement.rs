//! What `initialize` comes to, and a session goes by from then on.

use pmcp_protocol::{ClientCapabilities, Decider, RpcError, Version, params as parse};
use serde::Deserialize;
use serde_json::Value;

/// The agreement of a client and us at `initialize`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Agreement {
    pub(crate) version: Version,
    pub(crate) client: ClientCapabilities,
}

impl Agreement {
    /// The agreement that the `params` of `initialize` come to.
    pub(crate) fn parse(params: &Value) -> Result<Self, RpcError> {
        let given: InitializeParams = parse(params)?;
        // A version we do not speak is answered with the newest we do ("Version Negotiation").
        let version = Version::parse(&given.protocol_version).filter(|version| version.has_handshake());
        let version = version.unwrap_or(Version::NEWEST_WITH_HANDSHAKE);
        let mut client = ClientCapabilities::parse(&given.capabilities);
        client.tasks |= version.revision().decider() == Decider::Client
            && given.capabilities.get("tasks").is_some_and(Value::is_object);
        Ok(Self { version, client })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InitializeParams {
    protocol_version: String,
    #[serde(default)]
    capabilities: Value,
}
