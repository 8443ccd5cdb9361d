//! Many requests at once, cancellation, and the end of the input.

use std::time::Duration;

use pmcp_tasks::{TaskStore, testing::ManualClock};
use serde_json::{Value, json};

use crate::support::{
    LineClient, call, code, modern, notification, request, server, server_with, text, with_tasks, within,
};

fn cancelled(id: Value) -> Value {
    notification("notifications/cancelled", json!({ "requestId": id, "reason": "no need" }))
}

#[tokio::test]
async fn one_blocked_call_does_not_delay_a_hundred_others() {
    let (server, probe) = server();
    let mut client = LineClient::begun(server, "2025-11-25", json!({})).await;
    client.send(&request("slow", "tools/call", call("block", json!({})))).await;
    probe.noted("block started", 1).await;
    for id in 0..100 {
        client.send(&request(id, "tools/call", call("echo", json!({ "text": "x" })))).await;
    }
    let mut answered = Vec::new();
    for _ in 0..100 {
        answered.push(client.receive().await["id"].as_i64().unwrap());
    }
    answered.sort_unstable();
    assert!(answered.into_iter().eq(0..100));
    probe.open(1);
    assert_eq!(text(&client.receive().await), "released");
}

#[tokio::test]
async fn only_so_many_requests_are_worked_on_at_once() {
    let (server, probe) = server();
    let mut client = LineClient::begun(server, "2025-11-25", json!({})).await;
    for id in 0..1000 {
        client.send(&request(id, "tools/call", call("block", json!({})))).await;
    }
    probe.noted("block started", 1000).await;
    assert_eq!(code(&client.ask("one more", "ping", None).await), -32603);
    assert_eq!(code(&client.ask("a modern one", "tools/list", modern(json!({}), json!({}))).await), -32603);
    probe.open(1000);
    for _ in 0..1000 {
        assert_eq!(text(&client.receive().await), "released");
    }
    assert_eq!(client.ask("one more", "ping", None).await["result"], json!({}));
}

#[tokio::test]
async fn a_cancelled_request_is_told_and_gets_no_response_in_both_eras() {
    let (server, probe) = server();
    let mut client = LineClient::begun(server, "2025-11-25", json!({})).await;
    for (turn, params) in
        [call("block", json!({})), modern(call("block", json!({})), json!({}))].into_iter().enumerate()
    {
        client.send(&request(7, "tools/call", params)).await;
        probe.noted("block started", turn + 1).await;
        // Neither another id nor another kind of id.
        client.send(&cancelled(json!(8))).await;
        client.send(&cancelled(json!("7"))).await;
        client.assert_silent().await;
        assert_eq!(probe.count("block cancelled"), turn);
        client.send(&cancelled(json!(7))).await;
        probe.noted("block cancelled", turn + 1).await;
        client.assert_silent().await;
        // The id is free again.
        assert_eq!(client.ask(7, "ping", None).await["result"], json!({}));
    }
}

#[tokio::test]
async fn a_cancellation_right_behind_its_request_finds_it() {
    for _ in 0..20 {
        let (server, probe) = server();
        let mut client = LineClient::begun(server, "2025-11-25", json!({})).await;
        let lines = format!("{}\n{}\n", request(7, "tools/call", call("block", json!({}))), cancelled(json!(7)));
        client.send_bytes(lines.as_bytes()).await;
        client.assert_silent().await;
        // Whether it had begun or not, it does not wait at the gate.
        assert!(client.finish().await.is_empty());
        assert_eq!(probe.count("block started"), probe.count("block cancelled"));
    }
}

#[tokio::test]
async fn a_cancelled_request_sends_no_progress_either() {
    let (server, probe) = server();
    let mut client = LineClient::begun(server, "2025-11-25", json!({})).await;
    let mut params = call("stubborn", json!({}));
    params["_meta"] = json!({ "progressToken": "t" });
    client.send(&request(7, "tools/call", params)).await;
    assert_eq!(client.receive().await["params"]["progress"], 1);
    probe.noted("stubborn started", 1).await;
    client.send(&cancelled(json!(7))).await;
    client.assert_silent().await;
    probe.open(1);
    probe.noted("stubborn ended", 1).await;
    client.assert_silent().await;
}

#[tokio::test]
async fn what_is_left_of_an_ended_call_sends_nothing() {
    let (server, probe) = server();
    let mut client = LineClient::begun(server, "2025-11-25", json!({})).await;
    let mut params = call("leak", json!({}));
    params["_meta"] = json!({ "progressToken": "t" });
    client.send(&request(7, "tools/call", params)).await;
    assert_eq!(client.receive().await["method"], "notifications/progress");
    assert_eq!(client.receive().await["id"], 7);
    probe.open(1);
    probe.noted("leak ended", 1).await;
    client.assert_silent().await;
}

#[tokio::test]
async fn a_call_that_waits_for_its_first_answers_can_be_cancelled() {
    let mut client = LineClient::begun(server().0, "2025-11-25", json!({ "elicitation": {} })).await;
    client.send(&request(7, "tools/call", call("ask_first", json!({})))).await;
    assert_eq!(client.receive().await["method"], "elicitation/create");
    client.send(&cancelled(json!(7))).await;
    client.assert_silent().await;
    assert_eq!(client.ask(7, "ping", None).await["result"], json!({}));
}

#[tokio::test]
async fn a_cancelled_request_of_a_batch_is_left_out() {
    let (server, probe) = server();
    let mut client = LineClient::begun(server, "2025-03-26", json!({})).await;
    client.send(&json!([request(1, "ping", None), request(2, "tools/call", call("block", json!({})))])).await;
    probe.noted("block started", 1).await;
    client.send(&cancelled(json!(2))).await;
    assert_eq!(client.receive().await, json!([{ "jsonrpc": "2.0", "id": 1, "result": {} }]));
}

#[tokio::test]
async fn the_end_of_input_waits_for_what_was_asked() {
    let (server, probe) = server();
    let mut client = LineClient::begun(server, "2025-11-25", json!({})).await;
    client.send(&request(1, "tools/call", call("block", json!({})))).await;
    client.send(&request(2, "tools/call", call("echo", json!({ "text": "last" })))).await;
    client.end_input().await;
    assert_eq!(client.receive().await["id"], 2);
    probe.noted("block started", 1).await;
    probe.open(1);
    assert_eq!(text(&client.receive().await), "released");
    assert_eq!(client.next().await, None);
    client.finished().await;
}

#[tokio::test]
async fn the_end_of_input_waits_for_a_result_of_a_task() {
    let (server, probe) = server();
    let mut client = LineClient::begun(server, "2025-11-25", json!({})).await;
    let created = client.ask(1, "tools/call", json!({ "name": "work", "task": {} })).await;
    let id = created["result"]["task"]["taskId"].clone();
    client.send(&request(2, "tasks/result", json!({ "taskId": id }))).await;
    client.end_input().await;
    probe.noted("work started", 1).await;
    probe.open(1);
    let last = client.finish().await;
    assert_eq!(text(last.iter().find(|message| message["id"] == 2).unwrap()), "worked");
}

#[tokio::test]
async fn after_the_grace_the_end_of_input_cancels() {
    let clock = ManualClock::new();
    let (server, probe) = server_with(TaskStore::memory().with_clock(clock.clone()));
    let server = server.shutdown_grace(Duration::from_secs(3));
    let mut client = LineClient::begun(server, "2025-11-25", json!({})).await;
    client.send(&request(1, "tools/call", call("block", json!({})))).await;
    probe.noted("block started", 1).await;
    client.end_input().await;
    clock.advance(Duration::from_secs(2)).await;
    assert_eq!(probe.count("block cancelled"), 0);
    let advancing = async {
        loop {
            clock.advance(Duration::from_secs(1)).await;
        }
    };
    tokio::select! {
        () = probe.noted("block cancelled", 1) => {}
        () = advancing => {}
    }
    tokio::select! {
        last = client.next() => assert_eq!(last, None),
        () = async { loop { clock.advance(Duration::from_secs(1)).await } } => {}
    }
}

#[tokio::test]
async fn the_end_of_input_ends_questions_and_subscriptions_at_once() {
    let clock = ManualClock::new();
    let (server, _) = server_with(TaskStore::memory().with_clock(clock.clone()));
    let mut client = LineClient::begun(server, "2025-11-25", json!({ "elicitation": {} })).await;
    client.send(&request(1, "tools/call", call("ask", json!({})))).await;
    assert_eq!(client.receive().await["method"], "elicitation/create");
    client.send(&request(2, "subscriptions/listen", modern(json!({ "notifications": {} }), with_tasks()))).await;
    assert_eq!(client.receive().await["method"], "notifications/subscriptions/acknowledged");
    // The clock stands: whatever waits for the grace waits for ever.
    let last = client.finish().await;
    let ended = |id: i64| last.iter().find(|message| message["id"] == id).unwrap_or_else(|| panic!("{last:?}"));
    assert_eq!(code(ended(1)), -32603);
    assert_eq!(ended(2)["result"]["_meta"]["io.modelcontextprotocol/subscriptionId"], 2);
}

#[tokio::test]
async fn a_client_that_does_not_read_is_not_read_from_for_ever() {
    let (server, _) = server();
    let mut client = LineClient::with_buffer(server, 1 << 10);
    let flood = async {
        loop {
            client.send_bytes(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\nbad\n").await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_millis(500), flood).await.is_err());
}

#[tokio::test]
async fn a_client_that_disappears_ends_the_server() {
    let (server, probe) = server();
    let mut client = LineClient::begun(server, "2025-11-25", json!({})).await;
    client.send(&request(1, "tools/call", call("block", json!({})))).await;
    probe.noted("block started", 1).await;
    probe.open(1);
    within(client.vanish()).await;
}
