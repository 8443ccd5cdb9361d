//! Lines that are no messages are answered as JSON-RPC says, and the connection lives on.

use pmcp_server::ServeLimits;
use serde_json::json;

use crate::support::{LineClient, bad_input_on_purpose, code, request, server};

async fn client() -> LineClient {
    LineClient::begun(server().0, "2025-11-25", json!({})).await
}

#[tokio::test]
async fn what_is_not_json_is_answered_without_id() {
    let mut client = client().await;
    for bad in [&b"{not json"[..], b"{\"jsonrpc\":\"2.0\",", b"\xff\xfe{}", b"\"\xc3\x28\"", b"{}{}", b"\0"] {
        client.send_bytes(&[bad, b"\n"].concat()).await;
        let response = client.receive().await;
        assert_eq!(code(&response), -32700, "{response}");
        assert_eq!(response.get("id"), None);
    }
    client.assert_silent().await;
}

#[tokio::test]
async fn several_bad_lines_at_once_are_each_answered() {
    let mut client = client().await;
    client.send_bytes(b"x\n\xff\ny\n{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n").await;
    for _ in 0..3 {
        assert_eq!(code(&client.receive().await), -32700);
    }
    assert_eq!(client.receive().await["id"], 1);
}

#[tokio::test]
async fn empty_lines_are_nothing() {
    let mut client = client().await;
    client.send_bytes(b"\n\r\n   \n\t\n").await;
    client.assert_silent().await;
}

#[tokio::test]
async fn a_byte_order_mark_before_a_line_is_nothing() {
    let mut client = client().await;
    client.ask(1, "ping", None).await;
    client.send_bytes(b"\xef\xbb\xbf{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n").await;
    assert_eq!(client.receive().await["id"], 1);
    client.assert_silent().await;
}

#[tokio::test]
async fn a_line_ends_with_or_without_carriage_return_and_the_last_needs_no_end() {
    let mut client = client().await;
    client.send_bytes(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\r\n").await;
    assert_eq!(client.receive().await["id"], 1);
    client.send_bytes(b"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}").await;
    assert_eq!(client.finish().await, [json!({ "jsonrpc": "2.0", "id": 2, "result": {} })]);
}

#[tokio::test]
async fn a_line_that_is_too_long_is_refused_alone() {
    let limits = ServeLimits { message: 200, ..ServeLimits::default() };
    let mut client = LineClient::begun(server().0.serve_limits(limits), "2025-11-25", json!({})).await;
    let long = request(1, "ping", json!({ "x": "y".repeat(10_000) }));
    client.send(&long).await;
    client.send(&long).await;
    for _ in 0..2 {
        let response = client.receive().await;
        assert_eq!(code(&response), -32600, "{response}");
        assert_eq!(response.get("id"), None);
    }
    client.assert_silent().await;
    let exact = request(1, "ping", json!({ "x": "" })).to_string().len();
    client.send(&request(1, "ping", json!({ "x": "y".repeat(200 - exact) }))).await;
    assert_eq!(client.receive().await["result"], json!({}));
}

#[tokio::test]
async fn what_is_no_message_is_an_invalid_request_under_its_id_if_it_has_one() {
    let _spoilt = bad_input_on_purpose();
    let mut client = client().await;
    for (bad, expected, id) in [
        (json!(1), -32600, None),
        (json!("ping"), -32600, None),
        (json!(null), -32600, None),
        (json!({}), -32600, None),
        (json!({ "jsonrpc": "2.0" }), -32600, None),
        (json!({ "jsonrpc": "2.0", "id": 1 }), -32600, Some(1)),
        (json!({ "id": 1, "method": "ping" }), -32600, Some(1)),
        (json!({ "jsonrpc": "1.0", "id": 1, "method": "ping" }), -32600, Some(1)),
        (json!({ "jsonrpc": 2, "id": 1, "method": "ping" }), -32600, Some(1)),
        (json!({ "jsonrpc": "2.0", "id": null, "method": "ping" }), -32600, None),
        (json!({ "jsonrpc": "2.0", "id": 1.5, "method": "ping" }), -32600, None),
        (json!({ "jsonrpc": "2.0", "id": [1], "method": "ping" }), -32600, None),
        (json!({ "jsonrpc": "2.0", "id": true, "method": "ping" }), -32600, None),
        (json!({ "jsonrpc": "2.0", "id": 1, "method": 5 }), -32600, Some(1)),
        (json!({ "jsonrpc": "2.0", "id": 1, "method": "ping", "params": [1] }), -32602, Some(1)),
        (json!({ "jsonrpc": "2.0", "id": 1, "method": "ping", "params": "x" }), -32602, Some(1)),
        (json!({ "jsonrpc": "2.0", "id": 1, "method": "no/such" }), -32601, Some(1)),
        (json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call" }), -32602, Some(1)),
        (json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": 5 } }), -32602, Some(1)),
        (json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "no" } }), -32602, Some(1)),
    ] {
        client.send(&bad).await;
        let response = client.receive().await;
        assert_eq!(code(&response), expected, "{bad} {response}");
        assert_eq!(response.get("id"), id.map(|id: i64| json!(id)).as_ref(), "{bad}");
    }
    client.assert_silent().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_under_its_id() {
    let mut client = client().await;
    let deep = "[".repeat(200) + &"]".repeat(200);
    for (value, told) in [(r#""\ud83d""#, "surrogate"), (&deep, "nested"), ("1e999", "double")] {
        let line = format!(r#"{{"jsonrpc":"2.0","id":"a","method":"ping","params":{{"x":{value}}}}}"#) + "\n";
        client.send_bytes(line.as_bytes()).await;
        let response = client.receive().await;
        assert_eq!((code(&response), &response["id"]), (-32600, &json!("a")), "{response}");
        assert!(response["error"]["message"].as_str().unwrap().contains(told), "{response}");
    }
    client.assert_silent().await;
}

#[tokio::test]
async fn notifications_and_answers_are_never_answered() {
    let _spoilt = bad_input_on_purpose();
    let mut client = client().await;
    for ignored in [
        json!({ "jsonrpc": "2.0", "method": "notifications/unknown" }),
        json!({ "jsonrpc": "2.0", "method": "notifications/cancelled" }),
        json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": [1] }),
        json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": {} } }),
        json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": "gone" } }),
        json!({ "jsonrpc": "2.0", "method": "tools/call", "params": { "name": "echo" } }),
        json!({ "jsonrpc": "2.0", "id": 77, "result": {} }),
        json!({ "jsonrpc": "2.0", "id": "x", "result": 5 }),
        json!({ "jsonrpc": "2.0", "id": 77, "error": { "code": 1, "message": "no" } }),
        json!({ "jsonrpc": "2.0", "id": 77, "error": "no" }),
        json!({ "jsonrpc": "2.0", "id": null, "error": { "code": -32700, "message": "no JSON" } }),
        json!({ "jsonrpc": "2.0", "id": 77, "result": {}, "error": {} }),
    ] {
        client.send(&ignored).await;
        client.assert_silent().await;
    }
}

#[tokio::test]
async fn ids_come_back_as_they_were_sent() {
    let mut client = client().await;
    client.ask(5, "ping", None).await;
    client.send_bytes(b"{\"jsonrpc\":\"2.0\",\"id\":5.0,\"method\":\"ping\"}\n").await;
    assert_eq!(client.receive().await, json!({ "jsonrpc": "2.0", "id": 5, "result": {} }));
    for id in [json!(0), json!(-1), json!(i64::MAX), json!(u64::MAX), json!(""), json!("ü\n\"")] {
        assert_eq!(client.ask(id.clone(), "ping", None).await["id"], id);
    }
}

#[tokio::test]
async fn an_id_in_use_is_refused_and_free_again_after_the_response() {
    let (server, probe) = server();
    let mut client = LineClient::begun(server, "2025-11-25", json!({})).await;
    let blocking = request(1, "tools/call", json!({ "name": "block" }));
    client.send(&blocking).await;
    probe.noted("block started", 1).await;
    let refused = client.ask(1, "ping", None).await;
    assert_eq!(code(&refused), -32600);
    // A text is another id than a number.
    assert_eq!(client.ask("1", "ping", None).await["result"], json!({}));
    probe.open(1);
    assert_eq!(client.receive().await["id"], 1);
    for _ in 0..100 {
        assert_eq!(client.ask(1, "ping", None).await["result"], json!({}));
    }
}
