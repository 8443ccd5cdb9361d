//! 2025-11-25 and earlier, a message a line.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt as _, TryStreamExt as _};
use pmcp_client::{Client, ClientBuilder, ClientError, ElicitAnswer, Page, RequestOptions, TaskStatus, TaskUpdate};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Notify;

use super::{Peer, builder, form, greeting, luca, pair};

fn capabilities() -> Value {
    json!({ "tasks": { "list": {}, "cancel": {}, "requests": { "tools": { "call": {} } } }, "tools": {} })
}

async fn connect(builder: ClientBuilder, version: &str) -> (Client, Peer, Value) {
    let ((reader, writer), mut peer) = pair();
    let (client, initialize) =
        tokio::join!(builder.connect_io(reader, writer), peer.shake_hands(version, capabilities()));
    (client.unwrap(), peer, initialize)
}

fn task(status: &str) -> Value {
    json!({ "taskId": "t", "status": status, "createdAt": "2026-01-01T00:00:00Z",
        "lastUpdatedAt": "2026-01-01T00:00:00Z", "ttl": 60000, "pollInterval": 10 })
}

/// A question of the task `t`, as a request.
fn question(id: &str) -> Value {
    let mut question = form();
    question["jsonrpc"] = "2.0".into();
    question["id"] = id.into();
    question["params"]["_meta"] = json!({ "io.modelcontextprotocol/related-task": { "taskId": "t" } });
    question
}

fn tools() -> Value {
    json!({ "tools": [
        { "name": "plain", "inputSchema": {} },
        { "name": "slow", "inputSchema": {}, "execution": { "taskSupport": "optional" } },
    ] })
}

#[tokio::test]
async fn the_handshake_tells_what_the_client_can_do() {
    let builder = builder("2025-11-25").on_elicit(luca).root("file:///r", "r").extension("com.example/x", json!({}));
    let (client, mut peer, initialize) = connect(builder, "2025-11-25").await;
    assert_eq!(initialize["protocolVersion"], "2025-11-25");
    assert_eq!(initialize["clientInfo"], json!({ "name": "test", "version": "1.2.3" }));
    let expected = json!({ "elicitation": { "form": {} }, "roots": {}, "extensions": { "com.example/x": {} } });
    assert_eq!(initialize["capabilities"], expected);
    assert_eq!(client.server().unwrap()["serverInfo"]["name"], "scripted");

    let (pong, params) = tokio::join!(client.ping(), peer.serve("ping", json!({})));
    pong.unwrap();
    assert_eq!(params.get("_meta"), None);
}

#[tokio::test]
async fn a_version_the_client_does_not_know_is_refused() {
    let ((reader, writer), mut peer) = pair();
    let answer = json!({ "protocolVersion": "1999-01-01", "capabilities": {} });
    let (client, _) = tokio::join!(builder("2025-11-25").connect_io(reader, writer), peer.serve("initialize", answer));
    assert!(matches!(client, Err(ClientError::Protocol(_))));
}

#[tokio::test]
async fn requests_of_the_server_are_answered() {
    let (client, mut peer, _) = connect(builder("2025-11-25").on_elicit(luca), "2025-11-25").await;
    peer.send(question("q")).await;
    let answer = peer.message().await;
    assert_eq!(answer["id"], "q");
    assert_eq!(answer["result"]["content"], json!({ "name": "Luca" }));
    assert_eq!(answer["result"]["_meta"]["io.modelcontextprotocol/related-task"]["taskId"], "t");

    peer.send(json!({ "jsonrpc": "2.0", "id": 7, "method": "ping" })).await;
    assert_eq!(peer.message().await, json!({ "jsonrpc": "2.0", "id": 7, "result": {} }));
    for method in ["sampling/createMessage", "roots/list", "surprise"] {
        peer.send(json!({ "jsonrpc": "2.0", "id": 8, "method": method, "params": {} })).await;
        assert_eq!(peer.message().await["error"]["code"], -32601, "{method}");
    }
    let url = json!({ "mode": "url", "message": "Go", "url": "https://example.com", "elicitationId": "e" });
    peer.send(json!({ "jsonrpc": "2.0", "id": 9, "method": "elicitation/create", "params": url })).await;
    assert_eq!(peer.message().await["error"]["code"], -32602);
    drop(client);
}

#[tokio::test]
async fn the_user_is_shown_a_page_and_says_whether_to_go_there() {
    let builder = builder("2025-11-25").on_elicit_url(async |page: Page| {
        assert_eq!((&*page.message, page.id.as_deref(), page.task), ("Go", Some("e"), None));
        match &*page.url {
            "https://example.com/a" => ElicitAnswer::Accept(json!({ "not": "sent" })),
            "https://example.com/b" => ElicitAnswer::Decline,
            _ => ElicitAnswer::Cancel,
        }
    });
    let (_client, mut peer, initialize) = connect(builder, "2025-11-25").await;
    assert_eq!(initialize["capabilities"]["elicitation"], json!({ "url": {} }));
    let mut answer = async |url: &str| {
        let params = json!({ "mode": "url", "message": "Go", "url": url, "elicitationId": "e" });
        peer.send(json!({ "jsonrpc": "2.0", "id": url, "method": "elicitation/create", "params": params })).await;
        peer.message().await
    };
    assert_eq!(answer("https://example.com/a").await["result"], json!({ "action": "accept" }));
    assert_eq!(answer("https://example.com/b").await["result"], json!({ "action": "decline" }));
    assert_eq!(answer("http://localhost/c").await["result"], json!({ "action": "cancel" }));
    for url in [
        "javascript:alert(1)",
        "https://bank.example\\@other.example/",
        "https://b\u{430}nk.example",
        "https://x/\u{1b}[2J",
    ] {
        assert_eq!(answer(url).await["error"]["code"], -32602, "{url}");
    }
}

#[tokio::test]
async fn a_question_that_cannot_be_read_is_refused_under_its_id() {
    let _spoilt = spec_check::bad_input_on_purpose();
    let (_client, mut peer, _) = connect(builder("2025-11-25").on_elicit(luca), "2025-11-25").await;
    let question = br#"{"jsonrpc":"2.0","id":"q","method":"elicitation/create","params":{"message":"\ud83d"}}"#;
    peer.writer.write_all(&[question, &b"\n"[..]].concat()).await.unwrap();
    let answer = peer.message().await;
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!("q"), &json!(-32600)));
}

#[tokio::test]
async fn a_question_the_server_takes_back_is_dropped() {
    struct Drops(Arc<Notify>);
    impl Drop for Drops {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }
    let (asked, dropped) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (begin, end) = (Arc::clone(&asked), Arc::clone(&dropped));
    let builder = builder("2025-11-25").on_elicit(move |_| {
        let guard = Drops(Arc::clone(&end));
        begin.notify_one();
        async move {
            let _guard = guard;
            std::future::pending().await
        }
    });
    let (client, mut peer, _) = connect(builder, "2025-11-25").await;
    peer.send(question("q")).await;
    asked.notified().await;
    peer.notify("notifications/cancelled", json!({ "requestId": "q" })).await;
    dropped.notified().await;

    peer.send(question("r")).await;
    asked.notified().await;
    drop(client);
    dropped.notified().await;
}

#[tokio::test]
async fn a_callback_that_panics_is_answered_with_an_error() {
    let builder = builder("2025-11-25").on_elicit(|_| async { panic!("on purpose") });
    let (_client, mut peer, _) = connect(builder, "2025-11-25").await;
    peer.send(question("q")).await;
    assert_eq!(peer.message().await["error"]["code"], -32603);
}

#[tokio::test]
async fn one_call_asks_for_a_task_where_the_tool_allows_it() {
    let (client, mut peer, _) = connect(builder("2025-11-25").on_elicit(luca), "2025-11-25").await;
    let script = async {
        peer.serve("tools/list", tools()).await;
        let call = peer.serve("tools/call", json!({ "task": task("working") })).await;
        assert_eq!(call["task"], json!({}));
        let waiting = peer.expect("tasks/result").await;
        peer.send(question("q")).await;
        assert_eq!(peer.message().await["result"]["action"], "accept");
        peer.answer(&waiting, greeting()).await;
        // What was learned about the tools is kept …
        let call = peer.serve("tools/call", greeting()).await;
        assert_eq!((&call["name"], call.get("task")), (&json!("plain"), None));
        // … until they change.
        peer.notify("notifications/tools/list_changed", json!({})).await;
        peer.serve("ping", json!({})).await;
        peer.serve("tools/list", tools()).await;
        peer.serve("tools/call", greeting()).await;
    };
    let calls = async {
        assert_eq!(client.call_and_wait("slow", json!({})).await.unwrap().first_text(), Some("Hello, Luca!"));
        client.call_and_wait("plain", json!({})).await.unwrap();
        client.ping().await.unwrap();
        client.call_and_wait("plain", json!({})).await.unwrap();
    };
    tokio::join!(calls, script);
}

#[tokio::test]
async fn changes_come_from_polls_and_pushes_and_a_stream_is_lent() {
    let (client, mut peer, _) = connect(builder("2025-11-25").on_elicit(luca), "2025-11-25").await;
    let script = async {
        let call = peer.serve("tools/call", json!({ "task": task("working") })).await;
        assert_eq!(call["task"], json!({ "ttl": 5000 }));
        peer.serve("tasks/get", task("working")).await;
        peer.notify("notifications/tasks/status", task("input_required")).await;
        let waiting = loop {
            let request = peer.message().await;
            if request["method"] == "tasks/result" {
                break request;
            }
            peer.answer(&request, task("input_required")).await;
        };
        peer.send(question("q")).await;
        loop {
            let message = peer.message().await;
            if message["id"] == "q" {
                break;
            }
            peer.answer(&message, task("input_required")).await;
        }
        peer.notify("notifications/tasks/status", task("completed")).await;
        // The lent stream is given back, and the result asked for.
        let (mut is_given_back, mut is_asked_for) = (false, false);
        while !(is_given_back && is_asked_for) {
            let message = peer.message().await;
            match message["method"].as_str() {
                Some("notifications/cancelled") => {
                    assert_eq!(message["params"]["requestId"], waiting["id"]);
                    is_given_back = true;
                }
                Some("tasks/result") => {
                    peer.answer(&message, greeting()).await;
                    is_asked_for = true;
                }
                _ => peer.answer(&message, task("input_required")).await,
            }
        }
    };
    let mut seen = Vec::new();
    let waits = async {
        let ttl = Some(Duration::from_secs(5));
        let task = client.call_tool_as_task("slow", json!({}), ttl).await.unwrap().into_task().unwrap();
        let result = task.wait_with(|state| seen.push(state.status)).await.unwrap();
        assert_eq!(result.first_text(), Some("Hello, Luca!"));
    };
    tokio::join!(waits, script);
    assert_eq!(seen, [TaskStatus::Working, TaskStatus::InputRequired, TaskStatus::Completed]);
}

#[tokio::test]
async fn the_variables_of_a_pushed_end_are_those_it_ended_with() {
    let (client, mut peer, _) = connect(builder("2025-11-25"), "2025-11-25").await;
    let with_rows = |status, rows| {
        let mut task = task(status);
        task["pollInterval"] = 60_000.into();
        task["_meta"] = json!({ "run.pmcp/variables": { "rows": rows } });
        task
    };
    let script = async {
        peer.serve("tasks/get", with_rows("working", 1)).await;
        peer.notify("notifications/tasks/status", task("completed")).await;
        peer.serve("tasks/get", with_rows("completed", 2)).await;
    };
    let followed = async { tokio::join!(client.task("t").changes().try_collect::<Vec<_>>(), script) };
    let (states, ()) = tokio::time::timeout(Duration::from_secs(20), followed).await.expect("the end is looked at");
    let seen = states.unwrap().into_iter().map(|state| (state.status, state.variables.unwrap()["rows"].clone()));
    let expected = [(TaskStatus::Working, json!(1)), (TaskStatus::Completed, json!(2))];
    assert_eq!(seen.collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_client_that_only_polls_asks_for_the_result_at_the_end() {
    let (client, mut peer, _) = connect(builder("2025-11-25").listen(false), "2025-11-25").await;
    let script = async {
        peer.serve("tasks/get", task("working")).await;
        peer.notify("notifications/tasks/status", task("failed")).await;
        peer.serve("tasks/get", task("completed")).await;
        peer.serve("tasks/result", greeting()).await;
    };
    let waiting = client.task("t");
    let (result, ()) = tokio::join!(waiting.wait(), script);
    result.unwrap();
}

#[tokio::test]
async fn a_cancelled_task_is_told_from_a_failed_one() {
    let (client, mut peer, _) = connect(builder("2025-11-25"), "2025-11-25").await;
    let waiting = client.task("t");
    for (status, code) in [("cancelled", None), ("failed", Some(-32603))] {
        let script = async {
            let request = peer.expect("tasks/result").await;
            peer.refuse(&request, -32603).await;
            peer.serve("tasks/get", task(status)).await;
        };
        let (result, ()) = tokio::join!(waiting.wait(), script);
        let error = result.unwrap_err();
        assert_eq!(matches!(error, ClientError::Cancelled), code.is_none());
        assert_eq!(error.code(), code);
    }
}

#[tokio::test]
async fn tasks_are_listed_and_updated() {
    let (client, mut peer, _) = connect(builder("2025-11-25"), "2025-11-25").await;
    let script = async {
        peer.serve("tasks/list", json!({ "tasks": [task("working")], "nextCursor": "c" })).await;
        peer.serve("tasks/list", json!({ "tasks": [task("failed")] })).await;
        let update = peer.serve("tasks/update", json!({})).await;
        let expected = json!({ "taskId": "t", "_meta": { "run.pmcp/variables": { "n": 1 } } });
        assert_eq!(update, expected);
    };
    let calls = async {
        let tasks = client.list_tasks().await.unwrap();
        assert_eq!(tasks.iter().map(|task| task.status).collect::<Vec<_>>(), [TaskStatus::Working, TaskStatus::Failed]);
        client.task("t").update(TaskUpdate::new().variable("n", 1)).await.unwrap();
        assert!(matches!(client.listen(json!({})).await, Err(ClientError::Unsupported(_))));
    };
    tokio::join!(calls, script);
}

#[tokio::test]
async fn earlier_versions_get_plain_calls() {
    let (client, mut peer, initialize) = connect(builder("2025-06-18"), "2025-03-26").await;
    assert_eq!(initialize["protocolVersion"], "2025-06-18");
    assert_eq!(client.protocol_version(), "2025-03-26");
    let mut notifications = client.notifications();
    let script = async {
        let call = peer.expect("tools/call").await;
        assert_eq!(call["params"].get("task"), None);
        // This version has batches.
        let progress = json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": { "progress": 1 } });
        let response = json!({ "jsonrpc": "2.0", "id": call["id"], "result": greeting() });
        peer.send(json!([progress, response])).await;
    };
    let (result, ()) = tokio::join!(client.call_and_wait("slow", json!({})), script);
    result.unwrap();
    assert_eq!(notifications.next().await.unwrap().method, "notifications/progress");
}

#[tokio::test]
async fn a_call_that_asked_for_a_task_is_not_cancelled_as_a_request() {
    let (client, mut peer, _) = connect(builder("2025-11-25"), "2025-11-25").await;
    let options = RequestOptions::new().task(None).timeout(Duration::from_millis(20)).meta("progressToken", 5);
    let (result, call) = tokio::join!(client.call_tool_with("slow", json!({}), options), peer.expect("tools/call"));
    assert!(matches!(result, Err(ClientError::Timeout(_))));
    assert_eq!(call["params"]["_meta"], json!({ "progressToken": 5 }));
    let (pong, _) = tokio::join!(client.ping(), peer.serve("ping", json!({})));
    pong.unwrap();
}

#[tokio::test]
async fn a_server_that_knows_no_discovery_is_greeted() {
    let ((reader, writer), mut peer) = pair();
    let script = async {
        let asked = peer.expect("server/discover").await;
        assert_eq!(asked["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"], "2026-07-28");
        peer.refuse(&asked, -32601).await;
        let initialize = peer.shake_hands("2025-11-25", capabilities()).await;
        assert_eq!((initialize["protocolVersion"].as_str(), initialize.get("_meta")), (Some("2025-11-25"), None));
        assert!(peer.serve("tools/list", json!({ "tools": [] })).await.get("_meta").is_none());
    };
    let calls = async {
        let client = builder("auto").connect_io(reader, writer).await.unwrap();
        assert_eq!(client.protocol_version(), "2025-11-25");
        assert_eq!(client.list_tools().await.unwrap(), []);
    };
    tokio::join!(calls, script);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_to_discovery_is_greeted() {
    let ((reader, writer), mut peer) = pair();
    let script = async {
        peer.expect("server/discover").await;
        peer.shake_hands("2025-06-18", json!({})).await;
        peer
    };
    let (client, _peer) = tokio::join!(builder("auto").connect_io(reader, writer), script);
    assert_eq!(client.unwrap().protocol_version(), "2025-06-18");
}
