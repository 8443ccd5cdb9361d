//! The state of the connection to the server, as the page shows it.

use http::Uri;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The state of the connection to the server.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Connection {
    /// The state.
    pub(crate) state: State,
    /// The version that is spoken, once it is ready.
    pub(crate) protocol: Option<String>,
    /// `name`, `version`, `capabilities`, and `instructions` where there are any.
    pub(crate) server: Option<Value>,
    /// `http` or `stdio`, once it is known.
    pub(crate) transport: Option<&'static str>,
    /// The URL or the command, without secrets.
    pub(crate) address: Option<String>,
    /// The time until it is tried again, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_ms: Option<u64>,
    /// What happened, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
    /// The last lines of the server's standard error, where they tell why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) lines: Vec<String>,
}

impl Connection {
    /// The origin of a server that speaks HTTP, once it is known, as a policy may name it.
    pub(crate) fn origin(&self) -> Option<String> {
        let uri: Uri = self.address.as_deref().filter(|_| self.transport == Some("http"))?.parse().ok()?;
        let (scheme, authority) = (uri.scheme_str()?, uri.authority()?.as_str());
        // Whatever else a name may hold would be read as more of the policy.
        let is_plain = authority.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte));
        (is_plain && matches!(scheme, "http" | "https")).then(|| format!("{scheme}://{authority}"))
    }
}

/// A state of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// The server is started and asked what it is.
    #[default]
    Starting,
    /// The server is built.
    Building,
    /// Requests are answered.
    Ready,
    /// The server is gone; it is tried again.
    Lost,
    /// The server wants to know who asks.
    Refused,
    /// The server cannot be run, or cannot be spoken to.
    Failed,
}

/// The versions of the protocol to speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub enum Protocol {
    /// The newest that the server speaks and the profile has.
    #[default]
    #[serde(rename = "auto")]
    Auto,
    /// 2026-07-28, without a handshake.
    #[serde(rename = "2026-07-28")]
    V2026,
    /// 2025-11-25, or an earlier one that the server chooses at the handshake.
    #[serde(rename = "2025-11-25")]
    V2025,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_origin_is_part_of_a_policy() {
        let origin = |transport, address: &str| {
            Connection { transport: Some(transport), address: Some(address.to_owned()), ..Connection::default() }
                .origin()
        };
        assert_eq!(origin("http", "http://127.0.0.1:8081/mcp").as_deref(), Some("http://127.0.0.1:8081"));
        assert_eq!(origin("http", "https://[::1]/mcp").as_deref(), Some("https://[::1]"));
        assert_eq!(origin("stdio", "http://a.example/mcp"), None);
        for hostile in
            ["http://a;b/", "http://a,b/", "http://a*/", "http://me@a/", "file:///etc", "a b", "javascript:x"]
        {
            assert_eq!(origin("http", hostile), None, "{hostile}");
        }
    }
}
