//! The version that both sides speak, where the client leaves it to the server ("Backward Compatibility" of stdio and HTTP).

use std::{sync::Arc, time::Duration};

use pmcp_protocol::{RpcError, Version, code};
use serde_json::{Value, json};

use crate::{
    error::ClientError,
    request::{Reply, RequestOptions},
    revision::ClientRevision,
    runtime::{Runtime, within},
    settings::Settings,
    wire::{Exchange, Wire},
};

/// The time a server may take to answer the question; some that do not know it stay silent.
const PATIENCE: Duration = Duration::from_secs(5);

/// The id of the question, which requests of a connection do not have.
const ID: u64 = 0;

/// Finds the version. The wire has been told which one is tried by then.
///
/// # Errors
/// The server lets nobody in or cannot be reached, or no version is spoken by both.
pub(crate) async fn find(
    settings: &Settings,
    runtime: &Arc<dyn Runtime>,
    wire: &dyn Wire,
) -> Result<ClientRevision, ClientError> {
    let tried = Settings { revision: ClientRevision::default(), ..settings.clone() };
    wire.speak(&tried.revision);
    let params = RequestOptions::new().apply(Value::Null, &tried.meta())?;
    let message = json!({ "jsonrpc": "2.0", "id": ID, "method": "server/discover", "params": params });
    let asked = wire.exchange(Exchange::new(ID, "server/discover", &message, &[]));
    let reply = within(runtime, PATIENCE.min(settings.request_timeout), asked).await;
    let version = choose(reply.flatten())?;
    wire.speak(&version);
    Ok(version)
}

/// The version that an answer to the question leaves.
fn choose(answer: Result<Reply, ClientError>) -> Result<ClientRevision, ClientError> {
    let greeted = ClientRevision::from(Version::NEWEST_WITH_HANDSHAKE);
    match answer {
        Ok(reply @ Reply { status: Some(401 | 403), .. }) => reply.admitted().and(Ok(greeted)),
        Ok(Reply { result: Ok(discovered), .. }) => common(discovered.get("supportedVersions")),
        Ok(Reply { result: Err(RpcError { code: code::UNSUPPORTED_PROTOCOL_VERSION, data, .. }), .. }) => {
            match data.as_ref().and_then(|data| data.get("supported")) {
                None => Ok(greeted),
                supported => common(supported),
            }
        }
        // What a server that does not know the question says is its own affair.
        Ok(_) | Err(ClientError::Timeout(_) | ClientError::Http { status: 400 | 404..=406 | 410 | 415 | 422, .. }) => {
            Ok(greeted)
        }
        Err(error) => Err(error),
    }
}

/// The newest version of a server's list that is spoken here.
fn common(supported: Option<&Value>) -> Result<ClientRevision, ClientError> {
    let Some(Value::Array(supported)) = supported else { return Ok(ClientRevision::default()) };
    let supported: Vec<&str> = supported.iter().filter_map(Value::as_str).collect();
    let found = Version::ALL.into_iter().find(|version| supported.contains(&version.as_str()));
    found.map(ClientRevision::Spoken).ok_or_else(|| {
        let theirs = supported.iter().map(|version| format!("`{version}`")).collect::<Vec<_>>().join(", ");
        ClientError::protocol(format!("the server speaks {theirs}, which this client does not"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: Option<u16>, code: i64, data: Option<Value>) -> Reply {
        Reply { status, result: Err(RpcError { code, message: "no".into(), data }) }
    }

    fn told(body: Value) -> Reply {
        Reply { status: None, result: Ok(body) }
    }

    fn http(status: u16) -> Result<Reply, ClientError> {
        Err(ClientError::Http { status, authenticate: None, body: String::new() })
    }

    #[test]
    fn a_server_of_before_is_greeted() {
        let greeted = ClientRevision::from("2025-11-25");
        for answer in [
            Ok(refused(None, code::METHOD_NOT_FOUND, None)),
            Ok(refused(None, code::INVALID_PARAMS, None)),
            Ok(refused(Some(400), -32000, None)),
            Ok(refused(Some(400), code::UNSUPPORTED_PROTOCOL_VERSION, None)),
            Err(ClientError::Timeout(PATIENCE)),
            http(400),
            http(404),
        ] {
            assert_eq!(choose(answer).unwrap(), greeted);
        }
        let supported = json!({ "supported": ["2025-06-18", "2024-11-05"] });
        let found = choose(Ok(refused(None, code::UNSUPPORTED_PROTOCOL_VERSION, Some(supported)))).unwrap();
        assert_eq!(found, ClientRevision::from("2025-06-18"));
    }

    #[test]
    fn a_server_of_today_is_taken_at_its_word() {
        for versions in [json!(["2025-11-25", "2026-07-28"]), json!(null)] {
            let found = choose(Ok(told(json!({ "supportedVersions": versions })))).unwrap();
            assert_eq!(found, ClientRevision::from("2026-07-28"));
        }
        let of_tomorrow = choose(Ok(told(json!({ "supportedVersions": ["2027-01-01"] }))));
        assert!(matches!(of_tomorrow, Err(ClientError::Protocol(text)) if text.contains("`2027-01-01`")));
    }

    #[test]
    fn who_is_not_let_in_is_told_so() {
        assert!(matches!(choose(http(401)), Err(ClientError::Http { status: 401, .. })));
        assert!(matches!(choose(Ok(refused(Some(403), -32000, None))), Err(ClientError::Http { status: 403, .. })));
        assert!(matches!(choose(http(502)), Err(ClientError::Http { status: 502, .. })));
        assert!(matches!(choose(Err(ClientError::Closed)), Err(ClientError::Closed)));
    }
}
