//! Results that never leave the server.

use pmcp_tasks::{prelude::*, task::Owner};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::deploy::{run_id, states};

/// Book a trip.
#[derive(Deserialize, JsonSchema)]
struct Trip {
    city: String,
}

#[derive(Serialize, Deserialize)]
struct Session {
    token: String,
}

#[task_tool]
async fn book(hotel: String, token: String) -> Result<String, ToolError> {
    Ok(format!("{hotel} is booked with {} letters", token.len()))
}

#[workflow]
impl Trip {
    #[step(hidden)]
    async fn login(&self) -> Session {
        Session { token: "s3cret".into() }
    }

    /// Choose a hotel.
    #[step(client, output = String)]
    fn choose(&self, _login: &Session) -> String {
        format!("hotels of {}", self.city)
    }

    #[step(tool = book)]
    fn booked(&self, login: &Session, choose: &str) -> BookArgs {
        BookArgs { hotel: choose.to_owned(), token: login.token.clone() }
    }
}

#[tokio::test]
async fn a_hidden_result_is_shown_nowhere_though_a_later_step_takes_it() {
    let router = pmcp_tasks::TaskRouter::builder().workflow::<Trip>().build(pmcp_tasks::TaskStore::memory()).unwrap();
    let cx = pmcp_tasks::call::CallContext::new(
        pmcp_tasks::call::Revision::V2025,
        pmcp_tasks::call::Caller::Known { owner: Owner::local(), principal: None, may_list: true },
    );
    let ask =
        async |method: &str, params: serde_json::Value| router.handle(method, &params, &cx).await.answer().unwrap();
    let begun = ask("prompts/get", json!({ "name": "trip", "arguments": { "city": "Rome" } })).await;
    assert_eq!(states(&begun), ["done", "open", "waiting"]);
    let id = run_id(&begun);
    let go_on = |arguments: serde_json::Value| json!({ "name": "workflow_continue", "arguments": arguments });
    let shown = ask("tools/call", go_on(json!({ "_task_id": id, "show": "login" }))).await;
    assert_eq!(shown["isError"], true);
    let task = ask("tasks/get", json!({ "taskId": id })).await;
    let done = ask("tools/call", go_on(json!({ "_task_id": id, "step": "choose", "result": "Ritz" }))).await;
    assert_eq!(states(&done), ["done", "done", "done"]);
    let result = ask("tasks/result", json!({ "taskId": id })).await;
    assert_eq!(result["structuredContent"]["result"], "Ritz is booked with 6 letters");
    for said in [begun, shown, task, done, result] {
        assert!(!said.to_string().contains("s3cret"), "{said}");
    }
}
