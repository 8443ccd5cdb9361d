//! The span of each request: what it is called, what it tells, and which trace it is a part of.

use pmcp_tasks::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{
    Legacy, LineClient, Log, Modern, SECRET, bad_input_on_purpose, call, initialize, listening, modern, server, usual,
    with_tasks, within,
};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";
const OTHER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b8-00";

#[tokio::test]
async fn a_call_is_told_as_the_conventions_have_it() {
    let log = Log::begin();
    let (_running, http, _) = usual().await;
    let echo = Modern::of("tools/call", call("echo", json!({ "text": "CANARY" })), json!({}));
    echo.meta("traceparent", json!(PARENT)).with("traceparent", OTHER).send(&http).await.json().await;
    let span = log.span("tools/call echo");
    assert_eq!(span.target, pmcp_tasks::trace::TARGET);
    for (field, value) in [
        ("otel.kind", "server"),
        ("mcp.method.name", "tools/call"),
        ("mcp.protocol.version", "2026-07-28"),
        ("gen_ai.operation.name", "execute_tool"),
        ("gen_ai.tool.name", "echo"),
        ("network.transport", "tcp"),
        ("network.protocol.name", "http"),
        ("traceparent", PARENT),
        ("jsonrpc.request.id", "1"),
        ("mcp.session.id", ""),
        ("error.type", ""),
        ("otel.status_code", ""),
    ] {
        assert_eq!(span.field(field), value, "{field} of {span:?}");
    }
    // That of the run is a part of the same trace.
    let run = log.span("execute_tool echo");
    assert_eq!((run.field("otel.kind"), run.field("traceparent")), ("internal", PARENT));
    assert!(!format!("{:?}{:?}", log.spans(), log.entries()).contains("CANARY"));
}

#[tokio::test]
async fn what_the_transport_tells_counts_where_the_request_says_nothing() {
    let log = Log::begin();
    let (_running, http, _) = usual().await;
    let list = Modern::of("tools/list", json!({}), json!({}));
    list.clone().with("traceparent", OTHER).send(&http).await.json().await;
    assert_eq!(log.span("tools/list").field("traceparent"), OTHER);
    let broken = Modern::of("prompts/list", json!({}), json!({})).meta("traceparent", json!("00-broken"));
    broken.with("traceparent", "broken").send(&http).await.json().await;
    assert_eq!(log.span("prompts/list").field("traceparent"), "");
    // Of two headers neither is to be trusted.
    let twice = Modern::of("resources/list", json!({}), json!({})).and("traceparent", OTHER).and("traceparent", PARENT);
    twice.send(&http).await.json().await;
    assert_eq!(log.span("resources/list").field("traceparent"), "");
}

#[tokio::test]
async fn a_hostile_trace_counts_as_none_and_no_request_fails_for_it() {
    let _spoilt = bad_input_on_purpose();
    let log = Log::begin();
    let (_running, http, _) = usual().await;
    let huge = "x".repeat(1 << 20);
    let odd = |state: Value| json!({ "traceparent": PARENT, "tracestate": state });
    let hostile = [
        json!({ "traceparent": huge, "tracestate": huge, "baggage": huge }),
        json!({ "traceparent": format!("{PARENT}\r\nCANARY: 1") }),
        json!({ "traceparent": format!("01{}-{huge}", &PARENT[2..]) }),
        json!({ "traceparent": PARENT.replace('a', "\u{0430}") }),
        json!({ "traceparent": [PARENT], "tracestate": {}, "baggage": 7 }),
        json!({ "baggage": "a=b\r\nCANARY=1" }),
        json!({ "baggage": vec!["CANARY=1"; 65].join(",") }),
        json!({ "tracestate": "CANARY=1" }),
    ];
    let states =
        [json!(huge), json!("CANARY=1\u{1b}[31m"), json!("CANARY=\"1\""), json!(",".repeat(1 << 20)), json!(null)];
    for meta in hostile.into_iter().chain(states.map(odd)) {
        let mut list = Modern::of("tools/list", json!({}), json!({}));
        for (key, value) in meta.as_object().unwrap() {
            list = list.meta(key, value.clone());
        }
        let reply = within(list.send(&http)).await;
        assert_eq!(reply.status, 200, "{meta}");
        let is_parent = meta["traceparent"] == PARENT;
        let span = log.spans().into_iter().rfind(|span| span.field("otel.name") == "tools/list").unwrap();
        assert_eq!(span.field("traceparent"), if is_parent { PARENT } else { "" }, "{meta}");
    }
    let told = format!("{:?}{:?}", log.spans(), log.entries());
    assert!(!told.contains("CANARY") && !told.contains(&huge[..300]), "{told:.2000}");
}

#[tokio::test]
async fn a_failure_is_told_by_its_class_alone() {
    let _spoilt = bad_input_on_purpose();
    let log = Log::begin();
    let mut client = LineClient::begun(server().0, "2025-11-25", json!({})).await;
    client.ask(1, "tools/call", call("CANARY", json!({ "text": "CANARY" }))).await;
    let span = log.span("tools/call");
    for (field, value) in [
        ("rpc.response.status_code", "-32602"),
        ("error.type", "-32602"),
        ("otel.status_code", "ERROR"),
        ("mcp.protocol.version", "2025-11-25"),
        ("network.transport", "pipe"),
        ("network.protocol.name", ""),
        ("mcp.session.id", ""),
        ("gen_ai.tool.name", ""),
    ] {
        assert_eq!(span.field(field), value, "{field} of {span:?}");
    }
    client.ask(2, "CANARY/method", json!({})).await;
    assert_eq!(log.span("_OTHER").field("error.type"), "-32601");
    client.ask(3, "prompts/get", json!({ "name": "CANARY" })).await;
    client.ask(4, "resources/read", json!({ "uri": "test://CANARY" })).await;
    client.ask(5, "tools/call", call("echo", json!({ "text": 5 }))).await;
    assert_eq!(log.span("tools/call echo").field("error.type"), "tool_error");
    assert!(!format!("{:?}{:?}", log.spans(), log.entries()).contains("CANARY"));
}

#[tokio::test]
async fn a_session_is_told_by_what_nobody_gets_in_with() {
    let log = Log::begin();
    let (_running, http, _) = usual().await;
    let legacy = Legacy::begin(&http).await;
    legacy.ask(1, "tools/list", json!({})).await;
    let (begun, listed) = (log.span("initialize"), log.span("tools/list"));
    assert_eq!((begun.field("mcp.session.id").len(), begun.field("mcp.protocol.version")), (16, "2025-11-25"));
    assert_eq!(begun.field("mcp.session.id"), listed.field("mcp.session.id"));
    let told = format!("{:?}{:?}", log.spans(), log.entries());
    assert!(!told.contains(&legacy.id) && !told.contains(SECRET), "{told}");
}

#[tokio::test]
async fn what_comes_again_and_again_is_told_where_its_caller_traces_it() {
    let log = Log::begin();
    let (_running, http, _) = usual().await;
    let legacy = Legacy::begin(&http).await;
    let unknown = json!({ "taskId": "0198c0de-0000-7000-8000-000000000000" });
    legacy.ask(1, "ping", json!({})).await;
    legacy.ask(2, "tasks/get", unknown.clone()).await;
    let told = |name: &str| log.spans().iter().filter(|span| span.field("mcp.method.name") == name).count();
    assert_eq!((told("ping"), told("tasks/get"), told("initialize")), (0, 0, 1));
    let mut traced = unknown;
    traced["_meta"] = json!({ "traceparent": "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01" });
    legacy.ask(3, "tasks/get", traced).await;
    assert_eq!(told("tasks/get"), 1);
}

#[tokio::test]
async fn the_first_request_on_lines_is_in_no_session_that_anybody_knows() {
    let log = Log::begin();
    let mut client = LineClient::new(server().0);
    client.ask("a", "initialize", initialize("2025-11-25", json!({}))["params"].clone()).await;
    let span = log.span("initialize");
    assert_eq!((span.field("jsonrpc.request.id"), span.field("mcp.session.id")), ("a", ""));
    client.ask("b", "server/discover", modern(json!({}), json!({}))).await;
    assert_eq!(log.span("server/discover").field("mcp.protocol.version"), "2026-07-28");
}

/// Tell something, and fail as is asked for.
#[derive(Deserialize, JsonSchema)]
struct Tell {
    what: String,
    how: String,
}

#[workflow]
impl Tell {
    /// Tell it.
    #[step]
    async fn told(&self, task: TaskContext) -> Result<String, ToolError> {
        let what: String = task.step(self.what.clone(), async || Ok::<_, ToolError>(self.what.clone())).await?;
        match &*self.how {
            "panics" => panic!("the voice is gone"),
            "fails" => Err(ToolError::new(format!("{what} cannot be told"))),
            "fails inside" => Err(std::io::Error::other("the voice is gone").into()),
            _ => Ok(what),
        }
    }

    /// Say how loud it was.
    #[step(client, output = u8)]
    fn heard(&self, told: &str) -> String {
        told.to_owned()
    }

    /// Keep it.
    #[step]
    async fn kept(&self, told: &str, heard: &u8) -> String {
        format!("{told} {heard}")
    }
}

/// Gives what it is asked for.
#[resource(uri = "said://{what}")]
async fn said(what: String) -> Result<String, ToolError> {
    if what.starts_with("no") { Err(ToolError::new(format!("nobody said {what}"))) } else { Ok(what) }
}

#[tokio::test]
async fn no_request_tells_what_it_is_about_however_it_goes() {
    let _spoilt = bad_input_on_purpose();
    let log = Log::begin();
    let server = server().0.workflow::<Tell>().resource::<said>();
    let (_running, http) = listening(server.complete(|_, _| async { Ok(vec!["CANARY"]) })).await;
    let (legacy, mut failed) = (Legacy::begin(&http).await, 0);
    let mut ask = async |method: &str, params: Value| {
        failed += 1;
        let modern = Modern::of(method, params.clone(), with_tasks()).send(&http).await.json().await;
        (modern, legacy.ask(failed, method, params).await)
    };
    for how in ["panics", "fails", "fails inside", "goes well", "CANARY"] {
        let begun = ask("tools/call", call("tell", json!({ "what": "CANARY", "how": how, "_task_id": "new" }))).await;
        for begun in [&begun.0, &begun.1] {
            let run = begun.pointer("/result/_meta/run.pmcp~1workflow/taskId").and_then(Value::as_str).unwrap();
            for given in [
                json!({ "step": "heard", "result": "CANARY" }),
                json!({ "step": "CANARY", "result": 1 }),
                json!({ "question": "CANARY", "answer": { "CANARY": 1 } }),
                json!({ "action": "retry" }),
                json!({ "step": "heard", "result": 7 }),
                json!({ "show": "told" }),
            ] {
                let mut given = given.clone();
                given["_task_id"] = run.into();
                ask("tools/call", call("workflow_continue", given)).await;
            }
        }
    }
    for (method, params) in [
        ("tools/call", call("tell", json!({ "what": 7, "CANARY": "CANARY" }))),
        ("tools/call", call("echo", json!({ "text": "CANARY" }))),
        ("tools/call", call("echo", json!({ "text": ["CANARY"], "CANARY": 1 }))),
        ("prompts/get", json!({ "name": "tell", "arguments": { "what": "CANARY", "CANARY": "CANARY" } })),
        ("prompts/get", json!({ "name": "greet", "arguments": { "CANARY": "CANARY" } })),
        ("resources/read", json!({ "uri": "said://CANARY" })),
        ("resources/read", json!({ "uri": "said://no%20CANARY" })),
        ("resources/read", json!({ "uri": "CANARY" })),
        ("tasks/get", json!({ "taskId": "CANARY" })),
        ("tasks/update", json!({ "taskId": "CANARY", "inputResponses": { "CANARY": "CANARY" } })),
        (
            "completion/complete",
            json!({ "ref": { "type": "ref/prompt", "name": "greet" }, "argument": { "name": "CANARY", "value": "CANARY" } }),
        ),
        ("CANARY", json!({ "CANARY": "CANARY" })),
    ] {
        ask(method, params).await;
    }
    let everything = format!("{:?}{:?}", log.spans(), log.entries());
    for told in ["the voice is gone", "invoke_workflow tell", "tool_error", "resources/read"] {
        assert!(everything.contains(told), "{told} in {everything}");
    }
    let told = everything.split("CANARY").map(|text| &text[text.len().saturating_sub(300)..]).collect::<Vec<_>>();
    assert_eq!(told.len(), 1, "it is told after each of {told:#?}");
}
