//! Clients that know no tasks, over each door: long calls, questions and results through ordinary tools.

use std::time::Duration;

use pmcp_client::Client;
use pmcp_server::{Server, pmcp_tasks::router::TaskFallback};
use pmcp_tasks::prelude::*;
use serde_json::{Value, json};

use crate::support::{App, Http, Legacy, LineClient, Modern, Reply, call, listening, server, text, with_tasks};

#[derive(Form)]
struct Keep {
    keep: bool,
}

/// Asks in the middle of its work.
#[task_tool(fallback = "handle")]
async fn import(cx: TaskContext) -> Result<String, ToolError> {
    let Keep { keep } = cx.elicit("Keep the rejected rows?").await?;
    cx.sleep(Duration::from_millis(300)).await?;
    Ok(format!("kept: {keep}"))
}

fn importing() -> Server<App> {
    let fallback =
        TaskFallback { inline_wait: Duration::from_millis(200), every_tool: false, ..TaskFallback::default() };
    server().0.tool::<import>().task_fallback(fallback)
}

async fn over_http() -> (pmcp_server::Running, Http) {
    listening(importing()).await
}

/// The arguments the result gives for the next call of this tool.
fn next(response: &Value, tool: &str) -> Value {
    let next = response["result"]["_meta"]["run.pmcp/task"]["next"].as_array().unwrap_or_else(|| panic!("{response}"));
    next.iter().find(|next| next["tool"] == tool).unwrap_or_else(|| panic!("{response}"))["arguments"].clone()
}

fn status(response: &Value) -> &str {
    response["result"]["_meta"]["run.pmcp/task"]["status"].as_str().unwrap_or_else(|| panic!("{response}"))
}

fn names(response: &Value) -> Vec<&str> {
    response["result"]["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect()
}

async fn question(stream: &mut Reply) -> Value {
    loop {
        let message = stream.receive().await;
        if message["method"] == "elicitation/create" {
            return message;
        }
    }
}

#[tokio::test]
async fn earlier_versions_finish_a_task_with_a_question_over_http() {
    let (_running, http) = over_http().await;
    for version in ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"] {
        let client = Legacy::begin_in(&http, version, json!({})).await;
        let asked = client.ask(1, "tools/call", call("import", json!({}))).await;
        assert_eq!(status(&asked), "input_required");
        let mut answer = next(&asked, "task_answer");
        answer["answer"]["keep"] = true.into();
        let told = client.ask(2, "tools/call", call("task_answer", answer)).await;
        let told = client.ask(3, "tools/call", call("task_status", next(&told, "task_status"))).await;
        assert_eq!(status(&told), "completed");
        let result = client.ask(4, "tools/call", call("task_result", next(&told, "task_result"))).await;
        assert_eq!(text(&result), "kept: true");
    }
}

#[tokio::test]
async fn a_question_goes_on_from_the_call_to_who_waits_for_the_status() {
    let (_running, http) = over_http().await;
    for version in ["2025-11-25", "2025-06-18"] {
        let client = Legacy::begin_in(&http, version, json!({ "elicitation": {} })).await;
        let mut reply = client.send(1, "tools/call", call("import", json!({}))).await;
        let first = question(&mut reply).await;
        // The user takes longer than the call waits.
        let handle = reply.receive().await;
        assert_eq!((status(&handle), reply.next().await), ("input_required", None));
        let mut reply = client.send(2, "tools/call", call("task_status", next(&handle, "task_status"))).await;
        let again = question(&mut reply).await;
        assert_eq!(again["params"]["message"], "Keep the rejected rows?");
        // Either form is good: it is the same question.
        let answered = if version == "2025-06-18" { &first } else { &again };
        client.answer(answered, json!({ "action": "accept", "content": { "keep": false } })).await;
        let told = reply.receive().await;
        assert_eq!(status(&told), "completed");
        let result = client.ask(3, "tools/call", call("task_result", next(&told, "task_result"))).await;
        assert_eq!(text(&result), "kept: false");
    }
}

#[tokio::test]
async fn a_form_stays_open_on_lines() {
    let mut client = LineClient::begun(importing(), "2025-06-18", json!({ "elicitation": {} })).await;
    client.send(&crate::support::request(1, "tools/call", call("import", json!({})))).await;
    let asked = client.receive().await;
    assert_eq!(asked["method"], "elicitation/create");
    let handle = client.receive().await;
    let answer = json!({ "action": "accept", "content": { "keep": true } });
    client.send(&json!({ "jsonrpc": "2.0", "id": asked["id"], "result": answer })).await;
    let told = client.ask(2, "tools/call", call("task_status", next(&handle, "task_status"))).await;
    assert_eq!(status(&told), "completed");
    let result = client.ask(3, "tools/call", call("task_result", next(&told, "task_result"))).await;
    assert_eq!(text(&result), "kept: true");
}

#[tokio::test]
async fn lists_depend_on_what_the_client_declares() {
    let (_running, http) = over_http().await;
    let companion = "task_status";
    for (capabilities, sees) in [(json!({}), true), (with_tasks(), false)] {
        let list = Modern::of("tools/list", json!({}), capabilities).send(&http).await.response().await;
        assert_eq!(list["result"]["cacheScope"], "private");
        assert_eq!(names(&list).contains(&companion), sees);
    }
    for (capabilities, sees) in [(json!({}), true), (json!({ "tasks": {} }), false), (with_tasks(), false)] {
        let client = Legacy::begin_in(&http, "2025-11-25", capabilities).await;
        assert_eq!(names(&client.ask(1, "tools/list", None).await).contains(&companion), sees);
    }
    // An earlier version has no tasks, whatever a client declares.
    let client = Legacy::begin_in(&http, "2025-06-18", json!({ "tasks": {} })).await;
    assert!(names(&client.ask(1, "tools/list", None).await).contains(&companion));
}

#[tokio::test]
async fn a_client_that_stops_waiting_leaves_the_task() {
    let (_running, http) = over_http().await;
    let reply = Modern::of("tools/call", call("import", json!({})), json!({})).send(&http).await.response().await;
    let mut answer = next(&reply, "task_answer");
    answer["answer"]["keep"] = true.into();
    let told = Modern::of("tools/call", call("task_answer", answer), json!({})).send(&http).await.response().await;
    // A handle is out: whoever goes away now leaves the task as it is.
    let waiting = Modern::of("tools/call", call("task_status", next(&told, "task_status")), json!({}));
    drop(tokio::time::timeout(Duration::from_millis(50), waiting.send(&http)).await);
    let waiting = Modern::of("tools/call", call("task_status", next(&told, "task_status")), json!({}));
    assert_eq!(status(&waiting.send(&http).await.response().await), "completed");
}

#[tokio::test]
async fn the_client_of_an_earlier_version_needs_nothing_but_tools() {
    let (running, _) = over_http().await;
    for version in ["2025-06-18", "2025-03-26"] {
        let client = Client::builder("host", "1").revision(version).connect_http(&running.url()).await.unwrap();
        let asked = client.call_tool("import", json!({})).await.unwrap().into_result().unwrap();
        let id = asked.meta["run.pmcp/task"]["task_id"].clone();
        let answer = json!({ "task_id": id, "answer": { "keep": true } });
        client.call_tool("task_answer", answer).await.unwrap();
        client.call_tool("task_status", json!({ "task_id": id })).await.unwrap();
        let result = client.call_tool("task_result", json!({ "task_id": id })).await.unwrap().into_result().unwrap();
        assert_eq!(result.first_text(), Some("kept: true"));
    }
}
