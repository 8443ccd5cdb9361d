//! 2026-07-28, a message a line.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt as _, TryStreamExt as _};
use pmcp_client::{
    CallOutcome, Client, ClientBuilder, ClientError, ElicitAnswer, RequestOptions, TaskState, TaskStatus, TaskUpdate,
};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use super::{Peer, builder, form, greeting, luca, pair};

async fn connect(builder: ClientBuilder) -> (Client, Peer) {
    let ((reader, writer), peer) = pair();
    (builder.connect_io(reader, writer).await.unwrap(), peer)
}

/// The task `t` in this state, polled quickly.
fn task(status: &str, more: &Value) -> Value {
    let mut task = json!({ "resultType": "complete", "taskId": "t", "status": status, "createdAt": "2026-01-01T00:00:00Z",
        "lastUpdatedAt": "2026-01-01T00:00:00Z", "ttlMs": 60000, "pollIntervalMs": 10 });
    task.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    task
}

fn created() -> Value {
    task("working", &json!({ "resultType": "task" }))
}

#[tokio::test]
async fn a_task_is_polled_and_answered_once() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let (client, mut peer) = connect(builder("2026-07-28").listen(false).on_elicit(move |question| {
        count.fetch_add(1, Ordering::Relaxed);
        assert_eq!(question.task.as_deref(), Some("t"));
        luca(question)
    }))
    .await;
    let script = async {
        let call = peer.serve("tools/call", created()).await;
        assert_eq!(call["arguments"], json!({ "polite": true }));
        assert_eq!(call["_meta"]["io.modelcontextprotocol/protocolVersion"], "2026-07-28");
        assert_eq!(call["_meta"]["io.modelcontextprotocol/clientInfo"], json!({ "name": "test", "version": "1.2.3" }));
        assert_eq!(
            call["_meta"]["io.modelcontextprotocol/clientCapabilities"],
            json!({ "elicitation": { "form": {} }, "extensions": { "io.modelcontextprotocol/tasks": {} } })
        );
        peer.serve("tasks/get", task("working", &json!({}))).await;
        let asking = task("input_required", &json!({ "inputRequests": { "who": form() } }));
        peer.serve("tasks/get", asking.clone()).await;
        // The task may go on asking for a while after it was answered.
        let mut updates = 0;
        for _ in 0..4 {
            let request = peer.message().await;
            if request["method"] == "tasks/update" {
                updates += 1;
                let answer = json!({ "who": { "action": "accept", "content": { "name": "Luca" } } });
                assert_eq!(request["params"]["inputResponses"], answer);
                peer.answer(&request, json!({ "resultType": "complete" })).await;
            } else {
                let again = asking.clone();
                peer.answer(&request, again).await;
            }
        }
        assert_eq!(updates, 1);
        peer.serve("tasks/get", task("completed", &json!({ "result": greeting() }))).await;
    };
    let (result, ()) = tokio::join!(client.call_and_wait("hello", json!({ "polite": true })), script);
    assert_eq!(result.unwrap().first_text(), Some("Hello, Luca!"));
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_task_is_listened_to_and_not_polled() {
    let (client, mut peer) = connect(builder("2026-07-28").on_elicit(luca)).await;
    let script = async {
        let mut create = created();
        create["pollIntervalMs"] = 60_000.into();
        peer.serve("tools/call", create).await;
        let listen = peer.expect("subscriptions/listen").await;
        assert_eq!(listen["params"]["notifications"], json!({ "taskIds": ["t"] }));
        let meta = json!({ "io.modelcontextprotocol/subscriptionId": listen["id"] });
        let acknowledged = json!({ "notifications": { "taskIds": ["t"] }, "_meta": meta });
        peer.notify("notifications/subscriptions/acknowledged", acknowledged).await;
        let asking = json!({ "inputRequests": { "who": form() }, "_meta": meta });
        peer.notify("notifications/tasks", task("input_required", &asking)).await;
        peer.serve("tasks/update", json!({ "resultType": "complete" })).await;
        let other = json!({ "taskId": "other", "result": {}, "_meta": meta });
        peer.notify("notifications/tasks", task("completed", &other)).await;
        peer.notify("notifications/tasks", task("completed", &json!({ "result": greeting(), "_meta": meta }))).await;
        // Dropping the subscription cancels it.
        let cancelled = peer.expect("notifications/cancelled").await;
        assert_eq!(cancelled["params"]["requestId"], listen["id"]);
    };
    let (result, ()) = tokio::join!(client.call_and_wait("hello", json!({})), script);
    assert_eq!(result.unwrap().first_text(), Some("Hello, Luca!"));
}

#[tokio::test]
async fn a_server_that_cannot_be_listened_to_is_asked_once() {
    let (client, mut peer) = connect(builder("2026-07-28")).await;
    let script = async {
        for round in 0..2 {
            peer.serve("tools/call", created()).await;
            if round == 0 {
                let listen = peer.expect("subscriptions/listen").await;
                peer.refuse(&listen, -32601).await;
            }
            peer.serve("tasks/get", task("completed", &json!({ "result": greeting() }))).await;
        }
    };
    let calls = async {
        client.call_and_wait("hello", json!({})).await.unwrap();
        client.call_and_wait("hello", json!({})).await.unwrap();
    };
    tokio::join!(calls, script);
}

#[tokio::test]
async fn a_subscription_that_ends_early_is_followed_by_polling() {
    let (client, mut peer) = connect(builder("2026-07-28")).await;
    let script = async {
        peer.serve("tools/call", created()).await;
        let listen = peer.expect("subscriptions/listen").await;
        let meta = json!({ "io.modelcontextprotocol/subscriptionId": listen["id"] });
        let acknowledged = json!({ "notifications": { "taskIds": ["t"] }, "_meta": meta });
        peer.notify("notifications/subscriptions/acknowledged", acknowledged).await;
        peer.notify("notifications/tasks", task("working", &json!({ "statusMessage": "half", "_meta": meta }))).await;
        peer.answer(&listen, json!({ "resultType": "complete", "_meta": meta })).await;
        peer.serve("tasks/get", task("completed", &json!({ "result": greeting() }))).await;
    };
    let mut seen = Vec::new();
    let wait = async {
        let task = client.call_tool("hello", json!({})).await.unwrap().into_task().unwrap();
        task.wait_with(|state| seen.push((state.status, state.message.clone()))).await.unwrap();
    };
    tokio::join!(wait, script);
    let expected =
        [(TaskStatus::Working, None), (TaskStatus::Working, Some("half".to_owned())), (TaskStatus::Completed, None)];
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn input_before_the_task_comes_in_rounds() {
    let (client, mut peer) = connect(builder("2026-07-28").listen(false).on_elicit(luca).root("file:///r", "r")).await;
    let script = async {
        let first = peer.expect("tools/call").await;
        let roots = json!({ "method": "roots/list" });
        let asking = json!({ "resultType": "input_required", "requestState": "opaque",
            "inputRequests": { "who": form(), "where": roots } });
        peer.answer(&first, asking).await;
        let second = peer.expect("tools/call").await;
        assert_ne!(second["id"], first["id"]);
        assert_eq!(second["params"]["requestState"], "opaque");
        assert_eq!(second["params"]["arguments"], first["params"]["arguments"]);
        assert_eq!(second["params"]["inputResponses"]["who"]["content"]["name"], "Luca");
        assert_eq!(second["params"]["inputResponses"]["where"]["roots"], json!([{ "uri": "file:///r", "name": "r" }]));
        peer.answer(&second, json!({ "resultType": "input_required", "inputRequests": { "who": form() } })).await;
        let third = peer.expect("tools/call").await;
        // What a round did not give is not repeated.
        assert_eq!(third["params"].get("requestState"), None);
        assert_eq!(third["params"]["inputResponses"].as_object().unwrap().len(), 1);
        peer.answer(&third, created()).await;
        peer.serve("tasks/get", task("completed", &json!({ "result": greeting() }))).await;
    };
    let (result, ()) = tokio::join!(client.call_and_wait("hello", json!({ "n": 1 })), script);
    assert_eq!(result.unwrap().first_text(), Some("Hello, Luca!"));
}

#[tokio::test]
async fn rounds_are_bounded_and_need_a_callback() {
    let (client, mut peer) = connect(builder("2026-07-28").max_rounds(2).root("file:///r", "r")).await;
    let script = async {
        peer.serve("tools/call", json!({ "resultType": "input_required", "inputRequests": { "who": form() } })).await;
        for _ in 0..3 {
            let roots = json!({ "where": { "method": "roots/list" } });
            peer.serve("prompts/get", json!({ "resultType": "input_required", "inputRequests": roots })).await;
        }
    };
    let calls = async {
        let error = client.call_tool("hello", json!({})).await.unwrap_err();
        assert!(matches!(&error, ClientError::Unanswered { method, .. } if method == "elicitation/create"), "{error}");
        let error = client.get_prompt("hello", json!({})).await.unwrap_err();
        assert!(matches!(error, ClientError::TooManyRounds(2)), "{error}");
    };
    tokio::join!(calls, script);
}

#[tokio::test]
async fn result_types_that_a_request_cannot_have_are_errors() {
    let _spoilt = spec_check::bad_input_on_purpose();
    let (client, mut peer) = connect(builder("2026-07-28").declare_tasks(false)).await;
    let cases = [
        ("tools/call", "surprise"),
        ("tools/call", "task"),
        ("tools/list", "input_required"),
        ("prompts/get", "task"),
        ("tasks/get", "partial"),
    ];
    for (method, kind) in cases {
        let mut answer = created();
        answer["resultType"] = kind.into();
        let (error, _) = tokio::join!(client.request(method, json!({})), peer.serve(method, answer));
        assert!(matches!(error, Err(ClientError::Protocol(_))), "{method} {kind}: {error:?}");
    }
    // Servers of earlier versions say nothing.
    let (result, _) = tokio::join!(client.request("tools/list", json!({})), peer.serve("tools/list", json!({})));
    assert_eq!(result.unwrap(), json!({}));
}

#[tokio::test]
async fn a_task_ends_with_its_error_or_its_cancellation() {
    let (client, mut peer) = connect(builder("2026-07-28").listen(false)).await;
    let error = json!({ "error": { "code": -32603, "message": "broken", "data": { "reason": "quota" } } });
    let waiting = client.task("t");
    let (result, _) = tokio::join!(waiting.wait(), peer.serve("tasks/get", task("failed", &error)));
    assert_eq!(result.unwrap_err().rpc().unwrap().data, Some(json!({ "reason": "quota" })));

    let cancelled = async {
        peer.serve("tasks/cancel", json!({ "resultType": "complete" })).await;
        peer.serve("tasks/get", task("cancelled", &json!({}))).await;
        peer.serve("tasks/get", task("working", &json!({}))).await;
    };
    let waits = async {
        waiting.cancel().await.unwrap();
        assert!(matches!(waiting.wait().await, Err(ClientError::Cancelled)));
        assert!(matches!(waiting.result().await, Err(ClientError::NotFinished(TaskStatus::Working))));
    };
    tokio::join!(waits, cancelled);
}

#[tokio::test]
async fn questions_without_callback_are_left_to_the_caller() {
    let (client, mut peer) = connect(builder("2026-07-28").listen(false)).await;
    let asking = task("input_required", &json!({ "inputRequests": { "who": form() } }));
    let waiting = client.task("t");
    let (result, _) = tokio::join!(waiting.wait(), peer.serve("tasks/get", asking.clone()));
    assert!(matches!(result, Err(ClientError::Unanswered { .. })));

    let script = async {
        peer.serve("tasks/get", asking).await;
        let update = peer.serve("tasks/update", json!({ "resultType": "complete" })).await;
        assert_eq!(update["inputResponses"], json!({ "who": { "action": "decline" } }));
        assert_eq!(update["_meta"]["run.pmcp/variables"], json!({ "dry_run": true }));
        peer.serve("tasks/get", task("completed", &json!({ "result": greeting() }))).await;
    };
    let by_hand = async {
        let mut changes = waiting.changes();
        while let Some(state) = changes.try_next().await.unwrap() {
            if state.status == TaskStatus::InputRequired {
                let update = TaskUpdate::new().answer("who", json!({ "action": "decline" })).variable("dry_run", true);
                waiting.update(update).await.unwrap();
            }
        }
    };
    tokio::join!(by_hand, script);
}

#[tokio::test]
async fn an_answer_that_did_not_arrive_is_sent_again_without_asking() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let (client, mut peer) = connect(builder("2026-07-28").listen(false).on_elicit(move |question| {
        count.fetch_add(1, Ordering::Relaxed);
        luca(question)
    }))
    .await;
    let asking = task("input_required", &json!({ "inputRequests": { "who": form() } }));
    let waiting = client.task("t");
    let script = async {
        peer.serve("tasks/get", asking.clone()).await;
        let update = loop {
            let request = peer.message().await;
            if request["method"] == "tasks/update" {
                break request;
            }
            peer.answer(&request, asking.clone()).await;
        };
        peer.refuse(&update, -32603).await;
        loop {
            let request = peer.message().await;
            let result = match request["method"].as_str().unwrap() {
                "tasks/update" => json!({ "resultType": "complete" }),
                _ => asking.clone(),
            };
            peer.answer(&request, result).await;
            if request["method"] == "tasks/update" {
                break;
            }
        }
        loop {
            let request = peer.message().await;
            peer.answer(&request, task("completed", &json!({ "result": greeting() }))).await;
            if request["method"] == "tasks/get" {
                break;
            }
        }
    };
    let waits = async {
        assert_eq!(waiting.wait().await.unwrap_err().code(), Some(-32603));
        waiting.wait().await.unwrap();
    };
    tokio::join!(waits, script);
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_callback_ends_with_the_task() {
    let (client, mut peer) = connect(builder("2026-07-28").listen(false).on_elicit(|_| std::future::pending())).await;
    let waiting = client.task("t");
    let script = async {
        peer.serve("tasks/get", task("input_required", &json!({ "inputRequests": { "who": form() } }))).await;
        peer.serve("tasks/get", task("cancelled", &json!({}))).await;
    };
    let (result, ()) = tokio::join!(waiting.wait(), script);
    assert!(matches!(result, Err(ClientError::Cancelled)));
}

#[tokio::test]
async fn a_request_nobody_waits_for_is_cancelled() {
    let (client, mut peer) = connect(builder("2026-07-28").request_timeout(Duration::from_millis(20))).await;
    let (result, request) = tokio::join!(client.list_tools(), peer.expect("tools/list"));
    assert!(matches!(result, Err(ClientError::Timeout(_))));
    assert_eq!(peer.expect("notifications/cancelled").await["params"]["requestId"], request["id"]);
    // An answer that comes too late is nobody's.
    peer.answer(&request, json!({ "tools": [] })).await;
    let (result, _) = tokio::join!(client.list_tools(), peer.serve("tools/list", json!({ "tools": [] })));
    assert_eq!(result.unwrap(), []);

    let options = RequestOptions::new().timeout(Duration::from_millis(20)).without_meta("progressToken");
    let (result, _) = tokio::join!(client.call_tool_with("hello", json!({}), options), peer.expect("tools/call"));
    assert!(matches!(result, Err(ClientError::Timeout(_))));
}

#[tokio::test]
async fn a_lost_connection_ends_everything() {
    let (client, mut peer) = connect(builder("2026-07-28")).await;
    let mut notifications = client.notifications();
    peer.notify("notifications/message", json!({ "data": 1 })).await;
    let call = client.call_tool("hello", json!({}));
    let gone = async {
        peer.expect("tools/call").await;
        drop(peer);
    };
    let (result, ()) = tokio::join!(call, gone);
    assert!(matches!(result, Err(ClientError::Closed)));
    assert_eq!(notifications.next().await.unwrap().params, json!({ "data": 1 }));
    assert_eq!(notifications.next().await, None);
    assert!(matches!(client.list_tools().await, Err(ClientError::Closed)));
    let states: Vec<Result<TaskState, _>> = client.task("t").changes().collect().await;
    assert!(matches!(states[..], [Err(ClientError::Closed)]));
}

#[tokio::test]
async fn closing_ends_the_servers_input() {
    let (client, mut peer) = connect(builder("2026-07-28")).await;
    client.close().await.unwrap();
    assert_eq!(peer.lines.next_line().await.unwrap(), None);
    assert!(matches!(client.discover().await, Err(ClientError::Closed)));

    let (client, mut peer) = connect(builder("2026-07-28")).await;
    drop(client);
    assert_eq!(peer.lines.next_line().await.unwrap(), None);
}

#[tokio::test]
async fn what_is_not_a_message_is_passed_over() {
    let (client, mut peer) = connect(builder("2026-07-28")).await;
    for line in [json!("text"), json!({ "jsonrpc": "2.0" }), json!({ "id": 99, "result": {} }), json!([])] {
        peer.send(line).await;
    }
    // This version does not let servers ask, and clients must not answer.
    peer.send(json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" })).await;
    let (result, _) = tokio::join!(client.call_tool("hello", Value::Null), peer.serve("tools/call", greeting()));
    assert!(matches!(result.unwrap(), CallOutcome::Result(result) if result.first_text() == Some("Hello, Luca!")));
    let error = client.call_tool("hello", json!([1])).await.unwrap_err();
    assert!(matches!(error, ClientError::Input(_)));
}

#[tokio::test]
async fn lists_are_read_to_their_end() {
    let (client, mut peer) = connect(builder("2026-07-28").on_elicit(|_| async { ElicitAnswer::Cancel })).await;
    let tool = |name: &str| json!({ "name": name, "inputSchema": { "type": "object" } });
    let script = async {
        peer.serve("tools/list", json!({ "tools": [tool("a"), tool("b")], "nextCursor": "more" })).await;
        let params = peer.serve("tools/list", json!({ "tools": [tool("c")] })).await;
        assert_eq!(params["cursor"], "more");
    };
    let (tools, ()) = tokio::join!(client.list_tools(), script);
    assert_eq!(tools.unwrap().iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
}

#[tokio::test]
async fn an_answer_is_matched_however_its_id_is_written() {
    let _spoilt = spec_check::bad_input_on_purpose();
    let (client, mut peer) = connect(builder("2026-07-28")).await;
    let script = async {
        let request = peer.expect("tools/list").await;
        let id = request["id"].to_string();
        let tools = json!({ "resultType": "complete", "tools": [], "ttlMs": 0, "cacheScope": "private" });
        peer.send(json!({ "jsonrpc": "2.0", "id": id, "result": tools, "error": null })).await;
        let request = peer.expect("tools/list").await;
        let id = f64::from(u32::try_from(request["id"].as_u64().unwrap()).unwrap());
        peer.send(json!({ "jsonrpc": "2.0", "id": id, "result": tools })).await;
    };
    let calls = async { (client.list_tools().await.unwrap(), client.list_tools().await.unwrap()) };
    assert_eq!(tokio::join!(calls, script).0, (vec![], vec![]));
}

#[tokio::test]
async fn what_is_no_message_is_skipped() {
    let _spoilt = spec_check::bad_input_on_purpose();
    let (client, mut peer) = connect(builder("2026-07-28")).await;
    let script = async {
        let request = peer.expect("tools/list").await;
        for line in [
            &b"starting up\n"[..],
            b"caf\xe9 \xff\xfe\n",
            b"\n\r\n  \n",
            b"{\"jsonrpc\":\"2.0\",\n",
            b"{\"jsonrpc\":\"2.0\",\"method\":\"\xff\"}\n",
            b"5\n",
        ] {
            peer.writer.write_all(line).await.unwrap();
        }
        let tools = json!({ "resultType": "complete", "tools": [], "ttlMs": 0, "cacheScope": "private" });
        peer.writer.write_all(b"\xef\xbb\xbf").await.unwrap();
        peer.answer(&request, tools).await;
    };
    assert_eq!(tokio::join!(client.list_tools(), script).0.unwrap(), []);
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_not_waited_for() {
    let (client, mut peer) = connect(builder("2026-07-28")).await;
    let deep = "[".repeat(200) + &"]".repeat(200);
    let script = async {
        for value in [r#""\ud83d""#, &deep, "1e999"] {
            let request = peer.expect("tools/list").await;
            // A question of the server's under the same id is none of that.
            for line in [
                format!(r#"{{"jsonrpc":"2.0","id":{},"method":"ping","params":{{"x":{value}}}}}"#, request["id"]),
                format!(r#"{{"jsonrpc":"2.0","id":{},"result":{{"x":{value}}}}}"#, request["id"]),
            ] {
                peer.writer.write_all(format!("{line}\n").as_bytes()).await.unwrap();
            }
        }
        let tools = json!({ "resultType": "complete", "tools": [], "ttlMs": 0, "cacheScope": "private" });
        peer.serve("tools/list", tools).await;
    };
    let calls = async {
        for _ in 0..3 {
            assert!(matches!(client.list_tools().await, Err(ClientError::Protocol(_))));
        }
        assert_eq!(client.list_tools().await.unwrap(), []);
    };
    tokio::join!(calls, script);
}

#[tokio::test]
async fn a_line_that_is_too_long_ends_the_connection() {
    let (client, mut peer) = connect(builder("2026-07-28").max_message(1000)).await;
    let script = async {
        peer.expect("tools/list").await;
        peer.writer.write_all(&[b'x'; 2000]).await.unwrap();
    };
    assert!(matches!(tokio::join!(client.list_tools(), script).0, Err(ClientError::Closed)));
}
