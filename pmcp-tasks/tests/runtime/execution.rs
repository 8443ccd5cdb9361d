//! What a run is protected from, and what the client learns of failures.

use std::sync::{
    Arc, Barrier,
    atomic::{AtomicUsize, Ordering},
};

use pmcp_tasks::{ResultExt as _, ToolError, ToolResult};
use serde_json::{Value, json};

use crate::support::*;

const PANICKED: &str = "the tool failed unexpectedly";

#[tokio::test]
async fn a_panic_is_a_failed_task_and_the_server_goes_on() {
    let server = Server::new();
    server.world.on("optional", |arguments, _| {
        assert!(arguments.given.get("sync").is_none(), "secret detail");
        async { panic!("secret detail") }
    });
    for arguments in [json!({}), json!({ "sync": true })] {
        let client = server.v2026("ann");
        let created = client.call("optional", arguments.clone()).await.unwrap();
        let task = client.until(&id_of(&created), "failed").await;
        assert_eq!(task["error"], json!({ "code": -32603, "message": PANICKED }));
        assert_eq!(task["statusMessage"], PANICKED);
        let error = client.clone().undeclared().call("optional", arguments).await.unwrap_err();
        assert_eq!((error.code, error.message.as_str()), (-32603, PANICKED));
        assert_eq!(text_of(&client.call("plain", json!({})).await.unwrap()), "done");
    }
}

struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "dropped");
    }
}

#[derive(Debug)]
struct PanicsWhenShown;

impl std::fmt::Display for PanicsWhenShown {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("shown")
    }
}

impl std::error::Error for PanicsWhenShown {}

#[tokio::test]
async fn what_panics_beside_the_function_is_a_failed_task_too() {
    let server = Server::new();
    let client = server.v2026("ann");
    server.world.on("optional", |_, _| async {
        let _guard = PanicsWhenDropped;
        std::future::pending().await
    });
    let dropped = client.start("optional").await;
    settle().await;
    server.advance(minutes(30) + seconds(5)).await;
    assert_eq!(client.until(&dropped, "failed").await["error"]["message"], PANICKED);

    // The text of an error is made for the log, and here for the client.
    let server = Server::exposing_errors();
    let client = server.v2026("ann");
    server.world.on("optional", |_, _| async { Err(PanicsWhenShown)? });
    let shown = client.start("optional").await;
    assert_eq!(client.until(&shown, "failed").await["error"]["message"], PANICKED);

    let error = client.call("optional", json!({ "refuse": "panic" })).await.unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (-32603, PANICKED));
}

fn read_config() -> Result<ToolResult, std::io::Error> {
    Err(std::io::Error::other("/etc/secret is not readable"))
}

fn detail_is_absent(text: &str) {
    assert!(!text.contains("secret"), "{text}");
}

#[tokio::test]
async fn other_errors_are_internal_and_tell_nothing() {
    let server = Server::new();
    server.world.on("plain", |_, _| async { Ok(read_config()?) });
    let client = server.v2026("ann");
    let result = client.call("plain", json!({})).await.unwrap();
    assert_eq!(result["isError"], true);
    let text = text_of(&result);
    let reference = text.strip_prefix("internal error (ref ").and_then(|rest| rest.strip_suffix(')')).unwrap();
    assert!(reference.len() == 8 && reference.chars().all(|c| c.is_ascii_hexdigit()), "{text}");
    detail_is_absent(&result.to_string());
    let other = client.call("plain", json!({})).await.unwrap();
    assert_ne!(text_of(&other), text);
}

#[tokio::test]
async fn context_adds_a_line_the_model_may_read() {
    let server = Server::new();
    server.world.on("plain", |_, _| async { read_config().context("the settings are broken").context("no import") });
    let client = server.v2026("ann");
    let result = client.call("plain", json!({})).await.unwrap();
    let text = text_of(&result);
    assert!(text.starts_with("no import: the settings are broken (the server's log has more: ref "), "{text}");
    detail_is_absent(&result.to_string());

    server.world.on("plain", |_, _| async { Err(ToolError::new("the file is empty").context("no import")) });
    assert_eq!(text_of(&client.call("plain", json!({})).await.unwrap()), "no import: the file is empty");
}

#[tokio::test]
async fn in_development_errors_can_be_seen() {
    let server = Server::exposing_errors();
    server.world.on("plain", |_, _| async { read_config().context("no import") });
    let result = server.v2026("ann").call("plain", json!({})).await.unwrap();
    assert_eq!(text_of(&result), "no import: /etc/secret is not readable");
}

#[test]
fn a_tool_that_blocks_its_thread_stops_nobody_else() {
    pmcp_tasks::testing::block_on(async {
        let server = Server::new();
        let barrier = Arc::new(Barrier::new(2));
        let (blocking, began) = (barrier.clone(), Arc::new(AtomicUsize::new(0)));
        let count = began.clone();
        server.world.on("optional", move |_, _| {
            let (barrier, count) = (blocking.clone(), count.clone());
            async move {
                count.fetch_add(1, Ordering::SeqCst);
                barrier.wait();
                Ok(ToolResult::text("unblocked"))
            }
        });
        let client = server.v2025("ann");
        let id = client.start("optional").await;
        eventually("the tool blocks", || began.load(Ordering::SeqCst) == 1).await;
        let calls: Vec<_> = (0..100).map(|_| client.spawn("tools/call", json!({ "name": "plain" }))).collect();
        for call in calls {
            assert_eq!(text_of(&call.await.unwrap().unwrap()), "done");
        }
        assert_eq!(client.status(&id).await, "working");
        tokio::task::spawn_blocking(move || barrier.wait()).await.unwrap();
        assert_eq!(text_of(&client.result(&id).await.unwrap()), "unblocked");
    });
}

#[tokio::test]
async fn the_function_knows_its_caller_and_its_task() {
    let server = Server::new();
    server.world.on("optional", |_, cx| async move {
        let task = cx.task::<()>();
        let seen = json!({
            "id": task.id().map(|id| id.to_string()),
            "attempt": task.attempt(),
            "subject": task.principal().and_then(|principal| principal.subject.clone()),
            "owner": task.owner().map(|owner| owner.subject.clone()),
            "key": task.step_key("insert"),
        });
        Ok(ToolResult::text("").with_structured(seen))
    });
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    let task = client.until(&id, "completed").await;
    let expected = json!({ "id": id, "attempt": 1, "subject": "ann", "owner": "ann", "key": format!("{id}/insert") });
    assert_eq!(task["result"]["structuredContent"], expected);
    let plain = client.undeclared().call("optional", json!({})).await.unwrap();
    assert_eq!(plain["structuredContent"]["id"], Value::Null);
}

#[tokio::test]
async fn a_step_runs_once_under_its_name_and_only_an_ok_is_recorded() {
    let server = Server::new();
    server.world.on("optional", |_, cx| async move {
        let task = cx.task::<()>();
        let one: u32 = task.step("one", async || Ok::<_, ToolError>(1)).await?;
        let failed: Result<u32, _> = task.step("two", async || Err(ToolError::new("not yet"))).await;
        assert_eq!(failed.unwrap_err().to_string(), "not yet");
        let twice = task.step("one", async || Ok::<_, ToolError>(2)).await.unwrap_err().to_string();
        Ok(ToolResult::text(format!("{one} {twice}")))
    });
    let client = server.v2026("ann");
    let expected = "1 the step `one` was used twice in one run; give each its own name";
    let id = client.start("optional").await;
    assert_eq!(text_of(&client.until(&id, "completed").await["result"]), expected);
    assert_eq!(text_of(&client.undeclared().call("optional", json!({})).await.unwrap()), expected);
}

#[tokio::test]
async fn no_step_is_called_as_what_the_runtime_records() {
    let server = Server::new();
    server.world.on("optional", |_, cx| async move {
        let task = cx.task::<()>();
        // As if a client had sent it.
        for name in ["run.pmcp/signal/paid", "run.pmcp/answer/input-1", "run.pmcp/timer/rest", "run.pmcp/", "run.pmcp"]
        {
            let refused = task.step(name, async || Ok::<_, ToolError>(1)).await.unwrap_err().to_string();
            assert_eq!(refused, "no step is called `run.pmcp`, or anything that begins with `run.pmcp/`");
            // What it does is called after it.
            let refused = task.call_named("plain", name, json!({})).await.unwrap_err().to_string();
            assert!(refused.starts_with("no step is called"), "{refused}");
        }
        for name in ["run.pmcps", "run", "of run.pmcp/timer/rest", ""] {
            task.step(name, async || Ok::<_, ToolError>(1)).await?;
        }
        Ok(ToolResult::text("done"))
    });
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    assert_eq!(text_of(&client.until(&id, "completed").await["result"]), "done");
}

#[tokio::test]
async fn a_step_name_used_twice_is_told_to_whoever_wrote_it() {
    let server = Server::new();
    server.world.on("optional", |_, cx| async move {
        let task = cx.task::<()>();
        for _ in 0..2 {
            task.step("one", async || Ok::<_, ToolError>(())).await.context("the import failed")?;
        }
        Ok(ToolResult::default())
    });
    let (client, log) = (server.v2026("ann").undeclared(), Logged::begin());
    let result = client.call("optional", json!({})).await.unwrap();
    let expected = "the step `one` was used twice in one run; give each its own name";
    assert_eq!((text_of(&result), &result["isError"]), (&*format!("the import failed: {expected}"), &json!(true)));
    let line = log.only("the tool failed");
    assert!(line.level == tracing::Level::ERROR && line.contains(expected), "{line:?}");
}
