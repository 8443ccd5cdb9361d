//! The checks of a 2026-07-28 POST, and their order (streamable HTTP, "Server Validation").

use pmcp_server::ServeLimits;
use serde_json::{Value, json};

use crate::support::{
    Http, Legacy, Modern, bad_input_on_purpose, call, listening, notification, request, server, text, usual, with_tasks,
};

const MISMATCH: i64 = -32020;
const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

fn list() -> Modern {
    Modern::new("tools/list", json!({}))
}

fn echo() -> Modern {
    Modern::new("tools/call", call("echo", json!({ "text": "hi" })))
}

async fn refused(http: &Http, request: Modern, status: u16, code: i64) -> Value {
    let message = request.send(http).await.expect_error(status, code).await;
    assert_eq!(message["id"], 1, "{message}");
    message
}

#[tokio::test]
async fn the_metadata_comes_first() {
    let _spoilt = bad_input_on_purpose();
    let (_running, http, _) = usual().await;
    for wrong in [
        list().meta(VERSION, None),
        list().meta(CAPABILITIES, None),
        list().meta(VERSION, json!(5)),
        list().meta(CAPABILITIES, json!("x")),
        // Whatever else is wrong.
        list().meta(CAPABILITIES, None).meta(VERSION, json!("v999")),
        list().meta(CAPABILITIES, None).with("mcp-method", "other"),
        Modern::new("initialize", json!({})).meta(CAPABILITIES, None),
        list().meta(VERSION, None).without("mcp-protocol-version"),
    ] {
        refused(&http, wrong, 400, -32602).await;
    }
    let mut bare = list();
    for params in [json!({}), Value::Null, json!({ "_meta": 5 })] {
        bare.body["params"] = params;
        refused(&http, bare.clone(), 400, -32602).await;
    }
    bare.body["params"] = json!([1]);
    refused(&http, bare, 400, -32602).await;
}

#[tokio::test]
async fn the_header_has_the_version_of_the_body_before_the_version_is_looked_at() {
    let (_running, http, _) = usual().await;
    for wrong in [
        list().meta(VERSION, json!("v999")),
        list().with("mcp-protocol-version", "v999"),
        list().without("mcp-protocol-version"),
        list().with("mcp-protocol-version", "2025-11-25"),
        list().with("mcp-protocol-version", "2025-11-25").and("mcp-session-id", "x"),
        list().meta(VERSION, json!("2025-11-25")),
        list().with("mcp-protocol-version", "v999").with("mcp-method", "other"),
    ] {
        refused(&http, wrong, 400, MISMATCH).await;
    }
}

#[tokio::test]
async fn an_unsupported_version_is_told_what_is_supported() {
    let _spoilt = bad_input_on_purpose();
    let (_running, http, _) = usual().await;
    for unknown in ["v999.0.0", "2026-07-29", "1900-01-01"] {
        let wrong = list().meta(VERSION, json!(unknown)).with("mcp-protocol-version", unknown).without("mcp-method");
        let data = refused(&http, wrong, 400, -32022).await["error"]["data"].clone();
        assert_eq!(data["requested"], unknown);
        // Whatever the message lacks.
        for wrong in [list().meta(VERSION, None), list().meta(VERSION, json!(5)), list().meta(VERSION, json!(unknown))]
        {
            let wrong = wrong.meta(CAPABILITIES, None).with("mcp-protocol-version", unknown);
            assert_eq!(refused(&http, wrong, 400, -32022).await["error"]["data"], data);
        }
        assert_eq!(data["supported"], json!(["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]));
    }
    let discovered = http.modern("server/discover", json!({})).await.json().await;
    let supported = json!(["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]);
    assert_eq!(discovered["result"]["supportedVersions"], supported);
}

#[tokio::test]
async fn the_method_header_is_the_method() {
    let (_running, http, _) = usual().await;
    for wrong in [
        list().without("mcp-method"),
        list().with("mcp-method", "prompts/list"),
        list().with("mcp-method", "TOOLS/LIST"),
        list().with("mcp-method", ""),
        list().and("mcp-method", "tools/list"),
        list().with("mcp-method", "=?base64?dG9vbHMvbGlzdA==?="),
    ] {
        refused(&http, wrong, 400, MISMATCH).await;
    }
    assert_eq!(list().with("mcp-method", "  tools/list  ").send(&http).await.status, 200);
}

#[tokio::test]
async fn unknown_and_removed_methods_are_not_found() {
    let _spoilt = bad_input_on_purpose();
    let (_running, http, _) = usual().await;
    for method in [
        "initialize",
        "ping",
        "logging/setLevel",
        "resources/subscribe",
        "resources/unsubscribe",
        "tasks/list",
        "tasks/result",
        "unknown/method",
        "",
    ] {
        refused(&http, Modern::new(method, json!({ "taskId": "x" })), 404, -32601).await;
    }
}

#[tokio::test]
async fn the_name_header_is_the_name() {
    let (_running, http, probe) = usual().await;
    let cases = [
        echo(),
        Modern::new("prompts/get", json!({ "name": "greet", "arguments": { "name": "Ann" } })),
        Modern::new("resources/read", json!({ "uri": "test://note" })),
        Modern::of("tasks/get", json!({ "taskId": "x" }), with_tasks()),
        Modern::of("tasks/update", json!({ "taskId": "x", "inputResponses": {} }), with_tasks()),
        Modern::of("tasks/cancel", json!({ "taskId": "x" }), with_tasks()),
        // Before the capabilities.
        Modern::new("tasks/get", json!({ "taskId": "x" })),
    ];
    for case in cases {
        for wrong in [
            case.clone().without("mcp-name"),
            case.clone().with("mcp-name", "wrong"),
            case.clone().with("mcp-name", ""),
            case.clone().and("mcp-name", "x"),
        ] {
            let message = refused(&http, wrong, 400, MISMATCH).await;
            assert!(message["error"]["message"].as_str().unwrap().to_lowercase().contains("mcp-name"), "{message}");
        }
    }
    assert_eq!(probe.count("greet"), 0);
    for good in ["  echo  ", "\techo", "=?base64?ZWNobw==?=", " =?base64?ZWNobw==?= "] {
        assert_eq!(text(&echo().with("mcp-name", good).send(&http).await.json().await), "hi", "{good}");
    }
    for bad in [
        "=?base64?ZWNobw?=",
        "=?base64?ZW!!bw==?=",
        "=?BASE64?ZWNobw==?=",
        "=?base64?ZWNobw==",
        "=?base64?/w==?=",
        "=?base64??=",
        "=?base64?=",
        "ECHO",
        "=?base64?IGVjaG8g?=",
    ] {
        refused(&http, echo().with("mcp-name", bad), 400, MISMATCH).await;
    }
}

#[tokio::test]
async fn names_beyond_ascii_come_encoded() {
    let (_running, http, _) = usual().await;
    // "test://item/ü/data" and a name with spaces around it, which the header has only in Base64.
    let read = Modern::new("resources/read", json!({ "uri": "test://item/ü/data" }));
    let good = read.clone().with("mcp-name", "=?base64?dGVzdDovL2l0ZW0vw7wvZGF0YQ==?=");
    assert_eq!(good.send(&http).await.json().await["result"]["contents"][0]["text"], "item ü");
    refused(&http, read.with("mcp-name", "test://item/ü/data"), 400, MISMATCH).await;
    let spaced = Modern::new("tools/call", json!({ "name": " echo " }));
    refused(&http, spaced.clone().with("mcp-name", " echo "), 400, MISMATCH).await;
    refused(&http, spaced.with("mcp-name", "=?base64?IGVjaG8g?="), 200, -32602).await;
    let literal = Modern::new("tools/call", json!({ "name": "=?base64?ZWNobw==?=" }));
    refused(&http, literal.with("mcp-name", "=?base64?PT9iYXNlNjQ/WldOb2J3PT0/PQ==?="), 200, -32602).await;
}

#[tokio::test]
async fn a_request_without_its_name_is_malformed() {
    let _spoilt = bad_input_on_purpose();
    let (_running, http, _) = usual().await;
    for (method, params) in [
        ("tools/call", json!({})),
        ("tools/call", json!({ "name": 5 })),
        ("prompts/get", json!({})),
        ("resources/read", json!({ "uri": null })),
    ] {
        refused(&http, Modern::new(method, params), 200, -32602).await;
    }
    refused(&http, Modern::of("tasks/get", json!({}), with_tasks()), 200, -32602).await;
}

#[tokio::test]
async fn task_methods_need_the_extension_even_for_unknown_ids() {
    let (_running, http, _) = usual().await;
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let params = json!({ "taskId": "no-such", "inputResponses": {} });
        let message = refused(&http, Modern::new(method, params.clone()), 400, -32021).await;
        let required = &message["error"]["data"]["requiredCapabilities"]["extensions"];
        assert_eq!(*required, json!({ "io.modelcontextprotocol/tasks": {} }));
        refused(&http, Modern::of(method, params, with_tasks()), 200, -32602).await;
    }
    refused(&http, Modern::new("tools/call", call("must_be_task", json!({}))), 400, -32021).await;
    let first = Modern::new("tools/call", call("ask_first", json!({})));
    refused(&http, first.clone(), 400, -32021).await;
    // The status says so even to a client that would rather read a stream.
    refused(&http, first.with("accept", "text/event-stream"), 400, -32021).await;
}

#[tokio::test]
async fn what_the_client_reads_is_respected() {
    let (_running, http, _) = usual().await;
    for (accept, status, stream) in [
        ("application/json, text/event-stream", 200, false),
        ("text/event-stream, application/json", 200, false),
        ("application/json", 200, false),
        ("*/*", 200, false),
        ("application/*;q=0.5", 200, false),
        ("Application/JSON; charset=utf-8", 200, false),
        ("text/event-stream", 200, true),
        ("text/*", 200, true),
        ("text/html", 406, false),
        ("application/jsonx", 406, false),
        ("", 406, false),
    ] {
        let reply = list().with("accept", accept).send(&http).await;
        assert_eq!((reply.status.as_u16(), reply.is_stream()), (status, stream), "{accept}");
        if status == 200 {
            assert!(reply.response().await["result"]["tools"].is_array());
        } else {
            assert_eq!(reply.expect_error(status, -32600).await["id"], 1);
        }
    }
    assert_eq!(list().without("accept").send(&http).await.status, 200);
    let listen = Modern::new("subscriptions/listen", json!({ "notifications": {} }));
    refused(&http, listen.with("accept", "application/json"), 406, -32600).await;
}

#[tokio::test]
async fn the_body_says_it_is_json_and_is() {
    let _spoilt = bad_input_on_purpose();
    let (_running, http, _) = usual().await;
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp", ""] {
        assert_eq!(list().with("content-type", kind).send(&http).await.status, 415, "{kind}");
    }
    assert_eq!(list().without("content-type").send(&http).await.status, 415);
    assert_eq!(list().with("content-type", "Application/JSON; charset=utf-8").send(&http).await.status, 200);
    let headers = [
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
        ("mcp-protocol-version", "2026-07-28"),
    ];
    for body in [&b""[..], b"{", b"\xff\xfe", b"{}{}", b"nul"] {
        let message = http.send("POST", &headers, body.to_vec()).await.expect_error(400, -32700).await;
        assert_eq!(message.get("id"), None);
    }
    for body in ["1", "null", "{}", "[]", "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}]"] {
        http.send("POST", &headers, body).await.expect_error(400, -32600).await;
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let limits = ServeLimits { message: 1000, ..ServeLimits::default() };
    let (_running, http) = listening(server().0.serve_limits(limits)).await;
    let mut large = list();
    large.body["params"]["x"] = "y".repeat(1000).into();
    let refused = large.send(&http).await;
    // The rest of it is not read: a client that sent its next request on this connection would lose it.
    assert_eq!((refused.status.as_u16(), refused.header("connection")), (413, "close"));
    assert_eq!(list().send(&http).await.status, 200);
}

#[tokio::test]
async fn get_and_delete_are_not_of_this_version() {
    let (_running, http, _) = usual().await;
    for method in ["GET", "DELETE"] {
        let headers =
            [("mcp-protocol-version", "2026-07-28"), ("accept", "text/event-stream"), ("mcp-session-id", "x")];
        let reply = http.send(method, &headers, "").await;
        assert_eq!((reply.status.as_u16(), reply.header("allow")), (405, "POST"));
    }
    for method in ["PUT", "PATCH", "HEAD"] {
        let reply = http.send(method, &[("mcp-protocol-version", "2026-07-28")], "").await;
        assert_eq!(reply.status, 405, "{method}");
    }
}

#[tokio::test]
async fn a_session_id_is_ignored() {
    let (_running, http, _) = usual().await;
    let reply = list().and("mcp-session-id", "x").and("last-event-id", "5").send(&http).await;
    assert_eq!((reply.status.as_u16(), reply.header("mcp-session-id")), (200, ""));
}

#[tokio::test]
async fn notifications_are_accepted_and_answers_are_refused() {
    let _spoilt = bad_input_on_purpose();
    let (_running, http, _) = usual().await;
    let version = [("mcp-protocol-version", "2026-07-28")];
    let cancelled = notification("notifications/cancelled", json!({ "requestId": 1 }));
    let reply = http.post(&version, &cancelled).await;
    assert_eq!((reply.status.as_u16(), reply.text().await.as_str()), (202, ""));
    assert_eq!(http.post(&version, &json!({ "jsonrpc": "2.0", "id": 1, "result": {} })).await.status, 400);
    http.post(&version, &request(Value::Null, "tools/list", None)).await.expect_error(400, -32600).await;
    http.post(&version, &json!({ "jsonrpc": "1.0", "id": 1, "method": "x" })).await.expect_error(400, -32600).await;
}

#[tokio::test]
async fn a_repeated_version_is_trusted_in_neither_form() {
    let (_running, http, _) = usual().await;
    refused(&http, list().and("mcp-protocol-version", "2026-07-28"), 400, MISMATCH).await;
    refused(&http, list().and("mcp-protocol-version", "2025-11-25"), 400, MISMATCH).await;
    let legacy = Legacy::begin(&http).await;
    let [session, version] = legacy.headers();
    for other in [version, ("mcp-protocol-version", "2026-07-28")] {
        let reply = http.post(&[session, version, other], &request("twice", "ping", None)).await;
        assert_eq!(reply.expect_error(400, -32600).await["id"], "twice");
    }
}
