//! Tasks as 2026-07-28 has them, whatever the server speaks.

use pmcp_preview::Protocol;
use serde_json::{Value, json};

use crate::stage::Stage;

const BOTH: [Protocol; 2] = [Protocol::V2026, Protocol::V2025];

/// Calls a tool that becomes a task, and gives its id.
async fn begin(stage: &Stage, name: &str, arguments: Value) -> String {
    let created = stage.call("tools/call", json!({ "name": name, "arguments": arguments })).await["result"].clone();
    assert_eq!(created["resultType"], "task", "{created}");
    assert!(created["ttlMs"].is_u64() && created["pollIntervalMs"].is_u64(), "{created}");
    assert!(created.get("ttl").is_none() && created.get("task").is_none(), "{created}");
    created["taskId"].as_str().unwrap().to_owned()
}

/// Looks at a task until this holds.
async fn until(stage: &Stage, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..500 {
        let task = stage.call("tasks/get", json!({ "taskId": id })).await["result"].clone();
        assert_eq!((&task["taskId"], &task["resultType"]), (&json!(id), &json!("complete")), "{task}");
        assert!(!task.to_string().contains("related-task"), "{task}");
        if wanted(&task) {
            return task;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the task never came so far");
}

async fn ended(stage: &Stage, id: &str) -> Value {
    until(stage, id, |task| !["working", "input_required"].contains(&task["status"].as_str().unwrap())).await
}

#[tokio::test]
async fn a_task_asks_shows_its_variables_and_ends_with_its_result() {
    for protocol in BOTH {
        let (stage, _server) = Stage::ready(protocol).await;
        assert_eq!(stage.ask("GET", "/api/host", &Value::Null).await.json()["tasks"], true);
        let mut events = stage.events().await;
        let id = begin(&stage, "job", json!({})).await;
        // Whoever listens need not look.
        let told = events
            .find(|line| line["method"] == "notifications/tasks" && line["params"]["status"] == "input_required")
            .await;
        assert_eq!(told["params"]["taskId"], id);

        let asking = until(&stage, &id, |task| task["status"] == "input_required").await;
        let questions = asking["inputRequests"].as_object().unwrap();
        let (key, question) = questions.iter().next().unwrap();
        assert_eq!((questions.len(), &question["method"]), (1, &json!("elicitation/create")));
        assert_eq!(question["params"]["message"], "What is your name?");
        assert_eq!(asking["_meta"]["run.pmcp/variables"]["done"], 1);
        assert!(asking["statusMessage"].as_str().unwrap().contains('1'), "{asking}");

        let variables = json!({ "run.pmcp/variables": { "note": "from the page" } });
        let set = json!({ "taskId": id, "inputResponses": {}, "_meta": variables });
        assert_eq!(stage.call("tasks/update", set).await["result"]["resultType"], "complete");
        let answer = json!({ "action": "accept", "content": { "name": "Ada" } });
        let update = json!({ "taskId": id, "inputResponses": { key: answer, "unknown": answer } });
        assert_eq!(stage.call("tasks/update", update).await["result"]["resultType"], "complete");
        let done = ended(&stage, &id).await;
        assert_eq!(done["status"], "completed");
        assert_eq!(done["result"]["content"][0]["text"], "Ada has done it");
        assert_eq!(done["_meta"]["run.pmcp/variables"]["note"], "from the page");
        assert!(done.get("inputRequests").is_none());
        let told = events
            .find(|line| line["method"] == "notifications/tasks" && line["params"]["status"] == "completed")
            .await;
        assert_eq!(told["params"]["result"]["content"][0]["text"], "Ada has done it");
    }
}

#[tokio::test]
async fn a_sample_for_a_task_is_typed_by_hand() {
    for protocol in BOTH {
        let (stage, _server) = Stage::ready(protocol).await;
        let id = begin(&stage, "write", json!({})).await;
        let asking = until(&stage, &id, |task| task["status"] == "input_required").await;
        let (key, question) = asking["inputRequests"].as_object().unwrap().iter().next().unwrap();
        assert_eq!(question["method"], "sampling/createMessage");
        let said = json!({ "role": "assistant", "content": { "type": "text", "text": "a text" }, "model": "m" });
        stage.call("tasks/update", json!({ "taskId": id, "inputResponses": { key: said } })).await;
        assert_eq!(ended(&stage, &id).await["result"]["content"][0]["text"], "a text");
    }
}

#[tokio::test]
async fn a_failure_that_a_model_may_read_is_a_result_and_any_other_an_error() {
    for protocol in BOTH {
        let (stage, _server) = Stage::ready(protocol).await;
        let wrong = begin(&stage, "fail", json!({ "is_protocol": false })).await;
        let wrong = ended(&stage, &wrong).await;
        assert_eq!((&wrong["status"], &wrong["result"]["isError"]), (&json!("completed"), &json!(true)));
        let broken = begin(&stage, "fail", json!({ "is_protocol": true })).await;
        let broken = ended(&stage, &broken).await;
        assert_eq!((&broken["status"], &broken["error"]["code"]), (&json!("failed"), &json!(-32000)));
        assert!(broken.get("result").is_none());
    }
}

#[tokio::test]
async fn cancelling_is_acknowledged_also_when_it_comes_too_late() {
    for protocol in BOTH {
        let (stage, _server) = Stage::ready(protocol).await;
        let id = begin(&stage, "toil", json!({})).await;
        for _ in 0..2 {
            let cancelled = stage.call("tasks/cancel", json!({ "taskId": id })).await;
            assert_eq!(cancelled["result"]["resultType"], "complete", "{cancelled}");
        }
        let task = ended(&stage, &id).await;
        assert_eq!((&task["status"], task.get("result"), task.get("error")), (&json!("cancelled"), None, None));
    }
}

#[tokio::test]
async fn a_task_that_is_not_there_is_an_error() {
    for protocol in BOTH {
        let (stage, _server) = Stage::ready(protocol).await;
        for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
            let refused = stage.call(method, json!({ "taskId": "nobody", "inputResponses": {} })).await;
            assert_eq!(refused["error"]["code"], -32602, "{method}: {refused}");
        }
    }
}

#[tokio::test]
async fn lists_have_tasks_under_their_new_names() {
    let (stage, _server) = Stage::ready(Protocol::V2025).await;
    let id = begin(&stage, "toil", json!({})).await;
    let list = stage.call("tasks/list", json!({})).await["result"].clone();
    assert_eq!(list["tasks"][0]["taskId"], id);
    assert!(list["tasks"][0]["pollIntervalMs"].is_u64(), "{list}");
}

#[tokio::test]
async fn a_host_without_tasks_has_plain_calls() {
    let (stage, _server) = Stage::ready(Protocol::V2025).await;
    let mut events = stage.events().await;
    stage.ask("POST", "/api/connection", &json!({ "profile": "vscode" })).await;
    events.state("starting").await;
    events.state("ready").await;
    assert_eq!(stage.ask("GET", "/api/host", &Value::Null).await.json()["tasks"], false);
    let failed = stage.call("tools/call", json!({ "name": "fail", "arguments": { "is_protocol": false } })).await;
    assert_eq!(failed["result"]["isError"], true);
}
