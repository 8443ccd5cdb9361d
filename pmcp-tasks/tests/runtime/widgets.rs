//! Tools of widgets: who is told of which, and views that go on with tasks where the client knows none.

use pmcp_tasks::{
    TaskRouter, TaskStore, ToolResult,
    call::Revision,
    router::{BuildError, TaskFallback},
    store::MemoryBackend,
    testing::ManualClock,
};
use serde_json::{Value, json};

use crate::support::*;

/// A server with tools of a widget whose view calls these. Without a word of fallback, models get none.
fn server(called: &[&str], fallback: Option<TaskFallback>) -> Server {
    let (world, clock) = (World::default(), ManualClock::new());
    let mut builder = TaskRouter::builder()
        .state(world.clone())
        .tool::<Plain>()
        .tool::<Shown>()
        .tool::<Moved>()
        .tool::<Told>()
        .tool::<Optional>()
        .tool::<WithVariables>()
        .called_by_views(called.iter().copied());
    if let Some(fallback) = fallback {
        builder = builder.task_fallback(fallback);
    }
    let router = builder.build(TaskStore::new(MemoryBackend::new()).with_clock(clock.clone())).unwrap();
    Server { router, clock, world }
}

fn with_ui(mut client: Client) -> Client {
    client.cx.client.ui = true;
    client
}

/// A client of each kind that shows widgets and knows no tasks.
fn hosts(server: &Server) -> [Client; 3] {
    [server.client(Revision::Plain, user_owner("ann")), server.v2025("ann"), server.v2026("ann").undeclared()]
        .map(with_ui)
}

async fn tools(client: &Client) -> Vec<Value> {
    client.ok("tools/list", json!({})).await["tools"].as_array().unwrap().clone()
}

async fn names(client: &Client) -> Vec<String> {
    tools(client).await.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

async fn tool(client: &Client, name: &str) -> Value {
    tools(client).await.into_iter().find(|tool| tool["name"] == name).unwrap_or_else(|| panic!("no {name}"))
}

#[tokio::test]
async fn a_client_that_shows_no_widgets_is_told_nothing_of_them() {
    let server = server(&["moved"], None);
    for client in [server.v2025("ann"), server.v2026("ann")] {
        assert_eq!(names(&client).await, ["plain", "shown", "told", "optional", "variables"]);
        for tool in tools(&client).await {
            assert_eq!(tool.get("_meta"), None, "{tool}");
        }
        // Hiding is no secret: who knows the name calls it.
        let params = json!({ "name": "told", "arguments": {} });
        assert_eq!(text_of(&client.ok("tools/call", params).await), "done");
    }
}

#[tokio::test]
async fn a_client_that_shows_widgets_is_told_which_tool_opens_one_and_who_calls_it() {
    let server = server(&["moved", "optional"], None);
    for client in [server.v2025("ann"), server.v2026("ann")].map(with_ui) {
        let shown = tool(&client, "shown").await["_meta"].clone();
        assert_eq!(shown["ui"], json!({ "resourceUri": "ui://chess/board/1.html", "visibility": ["model", "app"] }));
        assert_eq!(shown["openai/outputTemplate"], "ui://chess/board/1.html");
        let moved = tool(&client, "moved").await["_meta"].clone();
        assert_eq!(moved, json!({ "ui": { "visibility": ["app"] }, "openai/widgetAccessible": true }));
        assert_eq!(tool(&client, "told").await["_meta"], json!({ "ui": { "visibility": ["model"] } }));
        let optional = tool(&client, "optional").await["_meta"].clone();
        assert_eq!(optional["openai/widgetAccessible"], true, "a view names it");
        assert_eq!(tool(&client, "plain").await.get("_meta"), None);
    }
}

#[tokio::test]
async fn lists_that_differ_are_private_to_caches() {
    let scope = async |server: &Server| server.v2026("ann").ok("tools/list", json!({})).await["cacheScope"].clone();
    assert_eq!(scope(&server(&[], None)).await, "private");
    let world = World::default();
    let router = TaskRouter::builder().state(world.clone()).tool::<Plain>().build(TaskStore::memory()).unwrap();
    assert_eq!(scope(&Server { router, clock: ManualClock::new(), world }).await, Value::Null);
}

#[tokio::test]
async fn pages_of_a_list_do_not_tell_of_hidden_tools() {
    let world = World::default();
    let limits = pmcp_tasks::Limits { page_size: 1, ..pmcp_tasks::Limits::default() };
    let router = TaskRouter::builder().state(world.clone()).limits(limits).tool::<Moved>().tool::<Plain>();
    let router = router.build(TaskStore::memory()).unwrap();
    let server = Server { router, clock: ManualClock::new(), world };
    let page = server.v2025("ann").ok("tools/list", json!({})).await;
    assert_eq!((&page["tools"][0]["name"], page.get("nextCursor")), (&json!("plain"), None));
    let page = with_ui(server.v2025("ann")).ok("tools/list", json!({})).await;
    assert_eq!((&page["tools"][0]["name"], &page["nextCursor"]), (&json!("moved"), &json!("moved")));
}

#[tokio::test]
async fn a_result_that_a_widget_shows_names_its_view() {
    let server = server(&[], None);
    let client = server.v2025("ann");
    let view = |result: &Value| result["_meta"]["run.pmcp/view"].as_str().map(str::to_owned);
    let call = json!({ "name": "shown", "arguments": {} });
    let (one, other) = (client.ok("tools/call", call.clone()).await, client.ok("tools/call", call).await);
    assert!(view(&one).is_some_and(|view| view.len() >= 16), "{one}");
    assert_ne!(view(&one), view(&other), "each has a state of its own");
    assert_eq!(view(&client.call("plain", json!({})).await.unwrap()), None);
    // That of a task is stored with it, as hosts fetch it more than once.
    let created = client.ok("tools/call", json!({ "name": "shown", "arguments": {}, "task": {} })).await;
    let task = json!({ "taskId": created["task"]["taskId"] });
    let (one, again) = (client.ok("tasks/result", task.clone()).await, client.ok("tasks/result", task).await);
    assert!(view(&one).is_some());
    assert_eq!(view(&one), view(&again));
}

#[tokio::test]
async fn a_view_goes_on_with_a_task_where_the_model_gets_no_fallback() {
    let server = server(&["shown", "moved"], None);
    let companions = ["task_status", "task_result", "task_cancel", "task_answer"];
    assert!(!names(&server.v2025("ann")).await.iter().any(|name| companions.contains(&&**name)));
    for client in hosts(&server) {
        for companion in companions {
            let meta = tool(&client, companion).await["_meta"].clone();
            assert_eq!(meta["ui"]["visibility"], json!(["app"]), "{companion}: no model is told of it");
        }
        server.world.on("shown", |_, cx| async move {
            cx.tool().sleep(seconds(5)).await?;
            Ok(ToolResult::text("the result"))
        });
        let call = json!({ "name": "shown", "arguments": {}, "_meta": { "run.pmcp/wait": 0 } });
        let handle = client.ok("tools/call", call).await["_meta"]["run.pmcp/task"].clone();
        assert_eq!(handle["status"], "working");
        let [status, result, cancel, answer] = companions;
        assert_eq!(handle["tools"], json!({ "status": status, "result": result, "cancel": cancel, "answer": answer }));
        let arguments = json!({ "task_id": handle["taskId"], "wait_seconds": 0 });
        let working = client.call("task_status", arguments).await.unwrap();
        assert_eq!(working["_meta"]["run.pmcp/task"]["taskId"], handle["taskId"]);
        settle().await;
        server.advance(seconds(5)).await;
        settle().await;
        let done = client.call("task_result", json!({ "task_id": handle["taskId"] })).await.unwrap();
        assert_eq!(text_of(&done), "the result");
        assert_eq!(done["_meta"]["run.pmcp/task"]["status"], "completed");
        assert!(done["_meta"]["run.pmcp/view"].is_string(), "{done}");
    }
}

/// What a view knows of its task, and a look for something else.
struct Following {
    client: Client,
    known: Value,
}

impl Following {
    async fn begin(client: Client, tool: &str) -> Self {
        let call = json!({ "name": tool, "arguments": {}, "_meta": { "run.pmcp/wait": 0 } });
        let known = client.ok("tools/call", call).await["_meta"]["run.pmcp/task"].clone();
        Self { client, known }
    }

    /// Looks, as a view does, and lets so many seconds pass; what it is told, if anything by then.
    async fn look(&self, server: &Server, seen: Option<&Value>, time: u64) -> Option<Value> {
        let mut arguments = json!({ "task_id": self.known["taskId"], "wait_seconds": 5 });
        if let Some(seen) = seen {
            arguments["seen"] = seen.clone();
        }
        let client = self.client.clone();
        let looking = tokio::spawn(async move { client.call("task_status", arguments).await.unwrap() });
        settle().await;
        for _ in 0..time {
            assert!(!looking.is_finished(), "it was told too early");
            server.advance(seconds(1)).await;
            settle().await;
        }
        if !looking.is_finished() {
            looking.abort();
            return None;
        }
        Some(looking.await.unwrap()["_meta"]["run.pmcp/task"].clone())
    }

    /// The same with the mark of what it knows, which it is told something else than.
    async fn follow(&mut self, server: &Server, time: u64) -> &Value {
        let told = self.look(server, Some(&self.known["mark"]), time).await.expect("it is told");
        assert_ne!(told["mark"], self.known["mark"], "{told}");
        self.known = told;
        &self.known
    }
}

#[tokio::test]
async fn a_view_is_told_of_its_task_as_soon_as_there_is_something_new() {
    let server = server(&["variables"], None);
    server.world.on("variables", |_, cx| async move {
        let task = cx.task::<Shared>();
        task.sleep(seconds(2)).await?;
        task.variables().rows.set(1).await?;
        task.sleep(seconds(1)).await?;
        task.variables().secret.set("other".into()).await?;
        task.sleep(seconds(1)).await?;
        task.status_message("half").await?;
        task.sleep(seconds(3)).await?;
        Ok(ToolResult::text("the result"))
    });
    for client in hosts(&server) {
        let mut view = Following::begin(client, "variables").await;
        let first = view.known["mark"].clone();
        assert_eq!(first.as_str().map(str::len), Some(32), "{first}");
        assert_eq!(view.follow(&server, 2).await["variables"]["rows"], 1);
        // What views are not shown is nothing new.
        let half = view.follow(&server, 2).await;
        assert_eq!((&half["message"], &half["status"]), (&json!("half"), &json!("working")));
        // Whoever knows less, or what never was, is told at once.
        for seen in [&first, &json!(""), &json!("x".repeat(100_000))] {
            assert_eq!(view.look(&server, Some(seen), 0).await.unwrap()["mark"], view.known["mark"]);
        }
        assert_eq!(view.follow(&server, 3).await["status"], "completed");
        assert_eq!(view.look(&server, Some(&first), 0).await.unwrap(), view.known);
    }
}

#[tokio::test]
async fn whoever_does_not_say_what_was_seen_waits_for_the_end_and_a_view_no_longer_than_it_says() {
    let server = server(&["variables"], None);
    server.world.on("variables", |_, cx| async move {
        let task = cx.task::<Shared>();
        task.sleep(seconds(1)).await?;
        task.variables().rows.set(1).await?;
        task.sleep(seconds(60)).await?;
        Ok(ToolResult::text("the result"))
    });
    for client in hosts(&server) {
        let view = Following::begin(client, "variables").await;
        assert_eq!(view.look(&server, None, 2).await, None);
        let told = view.look(&server, Some(&view.known["mark"]), 0).await.unwrap();
        assert_eq!(view.look(&server, Some(&told["mark"]), 5).await.unwrap(), told, "the same, when the time is up");
    }
}

#[tokio::test]
async fn what_a_view_has_seen_is_an_argument_for_views_only() {
    let server = server(&["variables"], Some(TaskFallback::default()));
    let listed =
        async |client: &Client| tool(client, "task_status").await["inputSchema"]["properties"]["seen"]["type"].clone();
    assert_eq!(listed(&server.client(Revision::Plain, user_owner("ann"))).await, Value::Null);
    for client in hosts(&server) {
        assert_eq!(listed(&client).await, "string");
        let view = Following::begin(client, "variables").await;
        let arguments = json!({ "task_id": view.known["taskId"], "seen": ["x"] });
        let refused = view.client.call("task_status", arguments).await.unwrap();
        assert!(refused["isError"] == true && text_of(&refused).contains("`seen`"), "{refused}");
    }
}

#[tokio::test]
async fn a_model_that_gets_no_fallback_gets_no_handle() {
    let server = server(&["shown"], None);
    for client in hosts(&server) {
        assert_eq!(text_of(&client.call("shown", json!({})).await.unwrap()), "done");
        // A tool that no view names is nobody's to go on with, whatever a call says.
        let call = json!({ "name": "optional", "arguments": {}, "_meta": { "run.pmcp/wait": 0 } });
        assert_eq!(text_of(&client.ok("tools/call", call).await), "done");
    }
}

#[tokio::test]
async fn a_tool_for_views_alone_runs_as_a_task_though_its_host_drops_how_long_to_wait() {
    let server = server(&["moved"], None);
    for client in hosts(&server) {
        assert_eq!(text_of(&client.call("moved", json!({})).await.unwrap()), "done", "it ended in time");
    }
}

#[tokio::test]
async fn a_call_waits_as_long_as_it_says_and_no_longer_than_a_status() {
    let fallback = TaskFallback::default();
    let server = server(&[], Some(fallback));
    server.world.on("optional", |_, cx| async move {
        cx.tool().sleep(seconds(3600)).await?;
        Ok(ToolResult::text("late"))
    });
    for (wait, waited) in [(json!(0), 0), (json!(5000), 5), (json!(1e9), 50), (json!("soon"), 20), (json!(-1), 20)] {
        let client = server.v2025("ann");
        let call = json!({ "name": "optional", "arguments": {}, "_meta": { "run.pmcp/wait": wait } });
        let called = tokio::spawn(async move { client.ok("tools/call", call).await });
        settle().await;
        if waited > 0 {
            server.advance(seconds(waited - 1)).await;
            settle().await;
            assert!(!called.is_finished(), "{wait}");
            server.advance(seconds(1)).await;
        }
        assert_eq!(called.await.unwrap()["_meta"]["run.pmcp/task"]["status"], "working", "{wait}");
    }
}

#[tokio::test]
async fn a_tool_whose_views_get_handles_promises_no_structure_to_them() {
    let server = server(&["shown"], None);
    let with_schema = |client: &Client| {
        let client = client.clone();
        async move { tool(&client, "shown").await.get("outputSchema").is_some() }
    };
    assert!(with_schema(&server.v2025("ann")).await);
    for client in hosts(&server) {
        assert!(!with_schema(&client).await);
    }
}

#[test]
fn a_tool_cannot_have_the_name_of_one_that_views_go_on_with() {
    let fallback = TaskFallback { status_tool: "plain".into(), every_tool: false, ..TaskFallback::default() };
    let builder = TaskRouter::builder().state(World::default()).tool::<Plain>().tool::<Shown>();
    let builder = builder.task_fallback(fallback).called_by_views(["shown"]);
    let error = builder.build(TaskStore::memory()).unwrap_err();
    assert!(matches!(error, BuildError::CompanionTool(name) if name == "plain"));
}
