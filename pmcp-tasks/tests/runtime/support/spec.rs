//! Holds what the router answers and sends against the official schemas, if `MCP_SPEC_DIR` names their folder.

use pmcp_tasks::{RpcError, call::Revision};
use serde_json::{Value, json};
use spec_check::Watch;

use super::peer::Sent;

/// Fails unless this may answer a request of the method.
pub(crate) fn assert_answer(revision: Revision, method: &str, params: &Value, answer: &Result<Value, RpcError>) {
    let (mut params, mut answer) = (params.clone(), answer.clone());
    let revision = match revision {
        Revision::V2026 => spec_check::Revision::V2026,
        Revision::V2025 => spec_check::Revision::V2025,
        // Earlier versions leave out what they do not know, such as the field that asks for a task.
        Revision::Plain => {
            params.as_object_mut().and_then(|params| params.remove("task"));
            spec_check::Revision::V2025
        }
    };
    if let (spec_check::Revision::V2026, "tools/list", Ok(page)) = (revision, method, &mut answer) {
        // For how long and for whom a list is good is said by the transport, unless it differs by client.
        page["ttlMs"] = 0.into();
        page.as_object_mut().unwrap().entry("cacheScope").or_insert("public".into());
    }
    let error = answer.as_ref().err().map(|error| serde_json::to_value(error).unwrap());
    spec_check::assert_answer(revision, method, &params, answer.as_ref().map_err(|_| error.as_ref().unwrap()));
}

/// Fails unless a server may notify of this.
pub(crate) fn assert_notification(Sent { method, params }: &Sent) {
    Watch::new().server(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
}

/// Fails unless a server may ask this.
pub(crate) fn assert_request(Sent { method, params }: &Sent) {
    Watch::new().server(&json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }));
}

mod needs_mcp_spec_dir {
    use serde_json::json;

    use super::{Revision, Sent};

    #[test]
    #[should_panic(expected = "does not fit")]
    #[ignore = "needs MCP_SPEC_DIR; without it nothing of these tests is held against the schemas"]
    fn a_notification_that_no_server_sends_is_found() {
        super::assert_notification(&Sent { method: "notifications/progress".into(), params: json!({ "progress": 1 }) });
    }

    #[test]
    #[should_panic(expected = "was unexpected")]
    #[ignore = "needs MCP_SPEC_DIR; without it nothing of these tests is held against the schemas"]
    fn an_answer_that_does_not_fit_is_found() {
        super::assert_answer(Revision::V2025, "tasks/update", &json!({}), &Ok(json!({ "taskId": "t" })));
    }
}
