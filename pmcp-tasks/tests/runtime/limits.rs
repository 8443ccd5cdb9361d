//! Sizes, and what a server refuses to be built with.

use std::{sync::Arc, time::Duration};

use pmcp_tasks::{
    Limits, TaskRouter, TaskStore, ToolError, ToolResult,
    router::BuildError,
    tool::{ArgumentError, Arguments, Prepared, Question, Tool, ToolAnnotations, ToolDefinition},
};
use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn arguments_have_a_largest_size() {
    let server = Server::with(Limits { max_arguments: 100, ..Limits::default() });
    for client in [server.v2025("ann"), server.v2026("ann")] {
        for tool in ["plain", "optional"] {
            let call = |length: usize| json!({ "name": tool, "task": null, "arguments": { "a": "x".repeat(length) } });
            let fits = 100 - r#"{"a":""}"#.len();
            client.ok("tools/call", call(fits)).await;
            let error = client.err("tools/call", call(fits + 1)).await;
            assert_eq!((error.code, error.message.as_str()), (-32602, "the arguments have 101 bytes; 100 are allowed"));
        }
        // Of a prompt, too, whose call may wait for answers.
        let arguments = json!({ "a": "x".repeat(100) });
        let prepared = Prepared::raw(|_| async { Ok(json!({})) });
        let prompt = ("prompts/get", "greeting", arguments.as_object().unwrap());
        let error = client.router.run(prompt, prepared, &json!({}), &client.cx).await.unwrap_err();
        assert_eq!((error.code, error.message.as_str()), (-32602, "the arguments have 108 bytes; 100 are allowed"));
    }
}

#[tokio::test]
async fn a_result_that_is_too_large_is_a_failure() {
    let server = Server::with(Limits { max_result: 1000, ..Limits::default() });
    server.world.on("optional", |arguments, _| async move {
        let text = "x".repeat(1000);
        if arguments.given.contains_key("error") { Err(ToolError::rpc(-1, text)) } else { Ok(ToolResult::text(text)) }
    });
    let client = server.v2026("ann");
    for arguments in [json!({}), json!({ "error": 1 })] {
        let id = id_of(&client.call("optional", arguments.clone()).await.unwrap());
        let task = client.until(&id, "failed").await;
        assert_eq!(task["error"]["code"], -32603);
        let text = task["error"]["message"].as_str().unwrap();
        assert!(text.starts_with("the result has ") && text.ends_with("more than the 1000 that are allowed"), "{text}");
        let error = client.clone().undeclared().call("optional", arguments).await.unwrap_err();
        assert_eq!(error.message, text);
    }
}

#[tokio::test]
async fn a_step_that_is_too_large_is_an_error_of_the_function() {
    let server = Server::with(Limits { max_result: 1000, ..Limits::default() });
    server.world.on("optional", |_, cx| async move {
        let task = cx.task::<()>();
        let step = task.step("large", async || Ok::<_, ToolError>("x".repeat(1000))).await;
        Ok(ToolResult::text(step.unwrap_err().to_string()))
    });
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    let expected = "the result of step `large` has 1002 bytes; 1000 are allowed";
    assert_eq!(text_of(&client.until(&id, "completed").await["result"]), expected);
}

macro_rules! tool {
    ($type:ident, $($field:ident: $value:expr),*) => {
        enum $type {}

        impl Tool<()> for $type {
            fn definition() -> ToolDefinition {
                ToolDefinition { name: "tool".into(), $($field: $value,)* ..ToolDefinition::default() }
            }

            fn prepare((): &(), _: Arguments) -> Result<Prepared, ArgumentError> {
                Ok(Prepared::new(|_| async { Ok(ToolResult::default()) }))
            }
        }
    };
}

tool!(Good, title: None);
tool!(Endless, timeout: Some(Duration::from_secs(24 * 60 * 60)));
tool!(Lasting, ttl: Some(Duration::from_secs(25 * 60 * 60)));
tool!(Contradicting, annotations: ToolAnnotations {
    read_only: Some(true),
    destructive: Some(true),
    ..ToolAnnotations::default()
});
tool!(Unaskable, questions: vec![Question { name: "it", message: "?", schema: json!({ "type": "array" }) }]);

#[tokio::test]
async fn a_server_that_cannot_keep_its_promises_is_not_built() {
    let build = |builder: pmcp_tasks::router::TaskRouterBuilder<()>| builder.build(TaskStore::memory()).map(drop);
    assert!(build(TaskRouter::builder().tool::<Good>()).is_ok());
    let twice = build(TaskRouter::builder().tool::<Good>().tool::<Good>()).unwrap_err();
    assert!(matches!(&twice, BuildError::DuplicateTool(name) if name == "tool"), "{twice}");
    let endless = build(TaskRouter::builder().tool::<Endless>()).unwrap_err();
    assert!(matches!(endless, BuildError::Timeout { .. }), "{endless}");
    let unaskable = build(TaskRouter::builder().tool::<Unaskable>()).unwrap_err();
    assert!(matches!(unaskable, BuildError::Question { parameter: "it", .. }), "{unaskable}");
    let lasting = build(TaskRouter::builder().tool::<Lasting>()).unwrap_err();
    assert!(matches!(&lasting, BuildError::Ttl { tool, .. } if tool == "tool"), "{lasting}");
    let short = Limits { max_ttl: minutes(59), ..Limits::default() };
    let default = build(TaskRouter::builder().tool::<Good>().limits(short)).unwrap_err();
    assert!(matches!(default, BuildError::DefaultTtl { .. }), "{default}");
    let contradicting = build(TaskRouter::builder().tool::<Contradicting>()).unwrap_err();
    assert!(matches!(contradicting, BuildError::Annotations(_)), "{contradicting}");
    let longer = Limits { max_ttl: Duration::from_secs(25 * 60 * 60), ..Limits::default() };
    assert!(build(TaskRouter::builder().tool::<Lasting>().limits(longer.clone())).is_ok());
    assert!(build(TaskRouter::builder().tool::<Endless>().limits(longer)).is_ok());
}

#[tokio::test]
async fn a_page_size_of_zero_lists_one_at_a_time() {
    let server = Server::with(Limits { page_size: 0, ..Limits::default() });
    let client = server.v2025("ann");
    assert_eq!(client.ok("tools/list", json!({})).await["tools"].as_array().unwrap().len(), 1);
    client.start("optional").await;
    client.start("optional").await;
    let (page, next) = client.page(None).await;
    assert_eq!((page.len(), next.is_some()), (1, true));
}

#[tokio::test]
async fn what_a_call_leaves_behind_is_nothing() {
    let alive = Arc::new(());
    let server = Server::new();
    let held = alive.clone();
    server.world.on("optional", move |_, cx| {
        let held = held.clone();
        async move {
            let _held = (held, cx);
            Ok(ToolResult::default())
        }
    });
    let client = server.v2026("ann");
    for _ in 0..10 {
        let id = client.start("optional").await;
        client.until(&id, "completed").await;
        client.clone().undeclared().call("optional", json!([])).await.unwrap_err();
        client.clone().undeclared().call("optional", json!({})).await.unwrap();
    }
    settle().await;
    assert_eq!(Arc::strong_count(&alive), 2);
}
