//! Clients that know no tasks: their long calls become tasks all the same.

mod questions;

use pmcp_tasks::{
    TaskRouter, TaskStore, ToolError, ToolResult, ToolResult as Answered,
    call::{ClientCapabilities, Revision},
    context::RunContext,
    router::{BuildError, TaskFallback},
    store::{MemoryBackend, StorageBackend},
    testing::ManualClock,
};
use serde_json::{Value, json};

use crate::support::*;

const COMPANIONS: [&str; 4] = ["task_status", "task_result", "task_cancel", "task_answer"];

/// A server whose one tool with the fallback is `handled`, unless the settings say that every tool has it.
fn server(fallback: Option<TaskFallback>) -> Server {
    on(MemoryBackend::new(), ManualClock::new(), fallback)
}

fn on(backend: impl StorageBackend, clock: ManualClock, fallback: Option<TaskFallback>) -> Server {
    let world = World::default();
    let mut builder = TaskRouter::builder()
        .state(world.clone())
        .tool::<Plain>()
        .tool::<Optional>()
        .tool::<Required>()
        .tool::<ByHandle>()
        .tool::<Unhandled>();
    if let Some(fallback) = fallback {
        builder = builder.task_fallback(fallback);
    }
    let router = builder.build(TaskStore::new(backend).with_clock(clock.clone())).unwrap();
    Server { router, clock, world }
}

fn everywhere() -> Server {
    server(Some(TaskFallback::default()))
}

/// A client of each kind that knows no tasks.
fn ignorant(server: &Server) -> [Client; 3] {
    [server.client(Revision::Plain, user_owner("ann")), server.v2025("ann"), server.v2026("ann").undeclared()]
}

fn takes(server: &Server, tool: &'static str, time: u64) {
    server.world.on(tool, move |_, cx| async move {
        cx.tool().sleep(seconds(time)).await?;
        Ok(ToolResult::text("the result").with_structured(json!({ "rows": 3 })))
    });
}

#[derive(pmcp_tasks::Form)]
struct Keep {
    keep: bool,
}

async fn names(client: &Client) -> Vec<String> {
    let list = client.ok("tools/list", json!({})).await;
    list["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

/// The task a result names.
fn named(result: &Value) -> String {
    assert_ne!(result["isError"], true, "{result}");
    result["_meta"]["run.pmcp/task"]["task_id"].as_str().unwrap_or_else(|| panic!("no task: {result}")).to_owned()
}

/// Calls a tool and lets this much time pass.
async fn call_for(server: &Server, client: &Client, tool: &str, arguments: Value, time: u64) -> Value {
    let (client, params) = (client.clone(), json!({ "name": tool, "arguments": arguments }));
    let call = tokio::spawn(async move { client.ok("tools/call", params).await });
    settle().await;
    server.advance(seconds(time)).await;
    call.await.unwrap()
}

/// What the result tells to call next: in its text, which is all that a host may show its model.
fn next(result: &Value, tool: &str) -> Value {
    assert_eq!(result.get("structuredContent"), None, "some hosts would show their model this alone");
    let next = result["_meta"]["run.pmcp/task"]["next"].as_array().unwrap();
    let next = next.iter().find(|next| next["tool"] == tool).unwrap_or_else(|| panic!("no {tool} in {result}"));
    assert!(text_of(result).contains(&format!("`{tool}` with {}", next["arguments"])), "{result}");
    next["arguments"].clone()
}

#[tokio::test]
async fn a_call_that_ends_in_time_answers_as_a_plain_one() {
    let (server, plain) = (everywhere(), Server::new());
    takes(&server, "optional", 10);
    takes(&plain, "optional", 0);
    for (client, plain) in ignorant(&server).into_iter().zip(ignorant(&plain)) {
        let result = call_for(&server, &client, "optional", json!({}), 10).await;
        assert_eq!(result, plain.call("optional", json!({})).await.unwrap());
    }
    // Nobody knows of the tasks, and none is left.
    assert_eq!(server.v2025("ann").page(None).await.0, [] as [&str; 0]);
}

#[tokio::test]
async fn an_error_in_time_is_the_error_of_the_call() {
    let server = everywhere();
    server.world.on("optional", |_, _| async { Err(ToolError::rpc(-7, "no such thing")) });
    for client in ignorant(&server) {
        assert_eq!(client.call("optional", json!({})).await.unwrap_err().code, -7);
    }
}

#[tokio::test]
async fn a_late_call_is_answered_with_the_task_and_what_to_do_next() {
    let server = server(None);
    takes(&server, "handled", 60);
    for client in ignorant(&server) {
        let handle = call_for(&server, &client, "handled", json!({}), 20).await;
        assert_eq!(handle["_meta"]["run.pmcp/task"]["status"], "working");
        assert_eq!(handle["_meta"]["run.pmcp/task"]["tool"], "handled");
        assert!(text_of(&handle).starts_with("`handled` is still running, as task "), "{handle}");
        let (status, result) = (next(&handle, "task_status"), next(&handle, "task_result"));
        assert_eq!(status["wait_seconds"], 20);

        let told = call_for(&server, &client, "task_status", status.clone(), 20).await;
        assert_eq!(told["_meta"]["run.pmcp/task"]["status"], "working");
        // Too early for the result: told again what to do.
        let early = client.call("task_result", result.clone()).await.unwrap();
        assert_eq!(early["_meta"]["run.pmcp/task"]["status"], "working");
        let told = call_for(&server, &client, "task_status", status, 20).await;
        assert_eq!(told["_meta"]["run.pmcp/task"]["status"], "completed");
        let result = client.call("task_result", next(&told, "task_result")).await.unwrap();
        assert_eq!((text_of(&result), &result["structuredContent"]), ("the result", &json!({ "rows": 3 })));
    }
}

#[tokio::test]
async fn tools_without_the_fallback_stay_as_they_are() {
    for server in [server(None), everywhere()] {
        takes(&server, "unhandled", 60);
        for client in ignorant(&server) {
            let result = call_for(&server, &client, "unhandled", json!({}), 60).await;
            assert_eq!(text_of(&result), "the result");
        }
    }
}

#[tokio::test]
async fn a_required_tool_runs_with_the_fallback_and_refuses_without() {
    let (on, off) = (everywhere(), server(None));
    takes(&on, "required", 30);
    for (client, code) in ignorant(&off).into_iter().zip([-32601, -32601, -32021]) {
        assert_eq!(client.call("required", json!({})).await.unwrap_err().code, code);
    }
    for client in ignorant(&on) {
        named(&call_for(&on, &client, "required", json!({}), 20).await);
    }
}

#[tokio::test]
async fn companions_are_listed_only_to_clients_that_need_them() {
    let server = server(None);
    for client in ignorant(&server) {
        assert_eq!(names(&client).await[5..], COMPANIONS);
        let list = client.ok("tools/list", json!({})).await;
        let handled = &list["tools"][3];
        // A result that names the task would not fit it.
        assert_eq!((&handled["name"], handled.get("outputSchema")), (&json!("handled"), None));
    }
    let client = server.v2026("ann").undeclared();
    assert_eq!(client.ok("tools/list", json!({})).await["cacheScope"], "private");
    let mut declared = server.v2025("ann");
    declared.cx.client.tasks = true;
    for client in [server.v2026("ann"), declared] {
        assert_eq!(names(&client).await, ["plain", "optional", "required", "handled", "unhandled"]);
        assert!(client.ok("tools/list", json!({})).await["tools"][3]["outputSchema"].is_object());
        for name in COMPANIONS {
            assert_eq!(client.call(name, json!({ "task_id": "x" })).await.unwrap_err().code, -32602);
        }
    }
    // Without a use for them they are not there, and lists are the same for all.
    for client in ignorant(&Server::new()) {
        assert!(names(&client).await.iter().all(|name| !name.starts_with("task_")));
        assert_eq!(client.ok("tools/list", json!({})).await.get("cacheScope"), None);
    }
    // Whose tasks nobody can tell has none.
    let unknown = server.v2025("ann").unknown();
    assert_eq!(names(&unknown).await.len(), 5);
    takes(&server, "handled", 30);
    assert_eq!(text_of(&call_for(&server, &unknown, "handled", json!({}), 30).await), "the result");
}

#[tokio::test]
async fn pages_go_on_into_the_companions() {
    let world = World::default();
    let limits = pmcp_tasks::Limits { page_size: 2, ..pmcp_tasks::Limits::default() };
    let router = TaskRouter::builder().state(world.clone()).tool::<Plain>().tool::<ByHandle>().limits(limits);
    let clock = ManualClock::new();
    let router = router.build(TaskStore::memory().with_clock(clock.clone())).unwrap();
    let client = Server { router, clock, world }.client(Revision::Plain, user_owner("ann"));
    let (mut seen, mut cursor) = (Vec::new(), json!({}));
    loop {
        let page = client.ok("tools/list", cursor).await;
        seen.extend(page["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap().to_owned()));
        let Some(next) = page.get("nextCursor") else { break };
        cursor = json!({ "cursor": next });
    }
    assert_eq!(seen[..2], ["plain", "handled"]);
    assert_eq!(seen[2..], COMPANIONS);
}

#[tokio::test]
async fn clients_of_both_kinds_share_a_server_and_a_store() {
    let server = everywhere();
    takes(&server, "optional", 60);
    let (knows, other) = (server.v2026("ann"), server.client(Revision::Plain, user_owner("ann")));
    let handle = call_for(&server, &other, "optional", json!({}), 20).await;
    let id = knows.start("optional").await;
    server.advance(seconds(60)).await;
    for id in [id, named(&handle)] {
        assert_eq!(knows.until(&id, "completed").await["result"]["content"][0]["text"], "the result");
        assert_eq!(text_of(&other.call("task_result", json!({ "task_id": id })).await.unwrap()), "the result");
    }
}

#[tokio::test]
async fn progress_goes_to_the_call_while_it_is_open() {
    let server = server(None);
    server.world.on("handled", |_, cx| async move {
        for step in 1..=6 {
            cx.tool().sleep(seconds(5)).await?;
            cx.tool().progress(step, 6).await;
        }
        Ok(ToolResult::text("done"))
    });
    for client in ignorant(&server) {
        let params = json!({ "name": "handled", "_meta": { "progressToken": "p" } });
        let waiting = client.spawn("tools/call", params);
        settle().await;
        server.advance(seconds(20)).await;
        let handle = waiting.await.unwrap().unwrap();
        named(&handle);
        let sent = client.stream.notified("notifications/progress").len();
        assert!((3..=4).contains(&sent), "{sent}");
        server.advance(seconds(10)).await;
        assert_eq!(client.stream.notified("notifications/progress").len(), sent);
        assert_eq!(client.session.notifications(), 0);
    }
}

#[tokio::test]
async fn the_stream_of_an_answered_call_is_let_go() {
    let server = server(None);
    takes(&server, "handled", 60);
    for mut client in ignorant(&server) {
        // One that is asked nothing: questions are kept for who can be asked.
        client.cx.client = ClientCapabilities::default();
        let held = std::sync::Arc::strong_count(&client.stream);
        let handle = call_for(&server, &client, "handled", json!({}), 20).await;
        assert_eq!(handle["_meta"]["run.pmcp/task"]["status"], "working");
        assert_eq!(std::sync::Arc::strong_count(&client.stream), held, "a connection cannot end while the task runs");
    }
}

#[tokio::test]
async fn cancelling_the_call_cancels_the_task() {
    let server = server(None);
    takes(&server, "handled", 60);
    for client in ignorant(&server) {
        let (client, cancel) = client.cancellable();
        let waiting = client.spawn("tools/call", json!({ "name": "handled" }));
        settle().await;
        cancel.cancel();
        assert_eq!(waiting.await.unwrap().unwrap_err().message, "cancelled");
        let ids = server.v2025("ann").page(None).await.0;
        assert_eq!(server.v2025("ann").status(&ids[0]).await, "cancelled");
    }
}

#[tokio::test]
async fn the_model_cancels_a_task() {
    let server = server(None);
    takes(&server, "handled", 60);
    for client in ignorant(&server) {
        let handle = call_for(&server, &client, "handled", json!({}), 20).await;
        for _ in 0..2 {
            let told = client.call("task_cancel", next(&handle, "task_cancel")).await.unwrap();
            assert_eq!(told["_meta"]["run.pmcp/task"]["status"], "cancelled");
            assert!(text_of(&told).contains("was cancelled"), "{told}");
        }
        let result = client.call("task_result", next(&handle, "task_result")).await.unwrap();
        assert!(text_of(&result).contains("was cancelled"), "{result}");
    }
}

#[tokio::test]
async fn a_failed_task_tells_why() {
    let server = server(None);
    server.world.on("handled", |_, cx| async move {
        cx.tool().sleep(seconds(30)).await?;
        Err(ToolError::rpc(-7, "no such thing"))
    });
    let client = server.client(Revision::Plain, user_owner("ann"));
    let handle = call_for(&server, &client, "handled", json!({}), 20).await;
    let told = call_for(&server, &client, "task_status", next(&handle, "task_status"), 10).await;
    assert_eq!(told["_meta"]["run.pmcp/task"]["status"], "failed");
    let result = client.call("task_result", next(&told, "task_result")).await.unwrap();
    assert_eq!(result["isError"], true);
    assert!(text_of(&result).contains("no such thing"), "{result}");
    let late = client.call("task_cancel", next(&handle, "task_cancel")).await.unwrap();
    assert!(text_of(&late).starts_with("It was not cancelled"), "{late}");
    next(&late, "task_result");
}

#[tokio::test]
async fn a_server_that_stops_tells_those_who_wait_how_it_stands() {
    let backend = std::sync::Arc::new(MemoryBackend::new());
    let server = on(Connection::to(&backend), ManualClock::new(), None);
    takes(&server, "handled", 60);
    let client = server.client(Revision::Plain, user_owner("ann"));
    let handle = call_for(&server, &client, "handled", json!({}), 20).await;
    let waiting =
        client.spawn("tools/call", json!({ "name": "task_status", "arguments": next(&handle, "task_status") }));
    settle().await;
    let router = server.router.clone();
    let stopping = tokio::spawn(async move { router.shut_down(seconds(1)).await });
    settle().await;
    server.advance(seconds(1)).await;
    assert!(waiting.is_finished());
    // Another process goes on with it, and answers the same call.
    let told = waiting.await.unwrap().unwrap();
    assert_eq!(told["_meta"]["run.pmcp/task"]["status"], "working");
    next(&told, "task_status");
    stopping.await.unwrap();
}

#[tokio::test]
async fn tasks_of_others_do_not_exist() {
    let server = server(None);
    takes(&server, "handled", 60);
    for client in ignorant(&server) {
        let id = named(&call_for(&server, &client, "handled", json!({}), 20).await);
        let mut eve = client.clone();
        eve.cx.caller = server.v2025("eve").cx.caller;
        for name in COMPANIONS {
            let foreign = eve.call(name, json!({ "task_id": id, "answer": {} })).await.unwrap();
            assert_eq!(foreign["isError"], true);
            assert_eq!(foreign, eve.call(name, json!({ "task_id": "nonsense", "answer": {} })).await.unwrap());
            assert_eq!(eve.call(name, json!({})).await.unwrap()["isError"], true);
        }
        assert_eq!(
            client.call("task_status", json!({ "task_id": id, "wait_seconds": 0 })).await.unwrap()["isError"],
            false
        );
    }
}

#[tokio::test]
async fn companions_can_be_renamed_and_must_not_collide() {
    let renamed = TaskFallback { status_tool: "job_status".into(), ..TaskFallback::default() };
    let server = server(Some(renamed));
    takes(&server, "optional", 60);
    let client = server.client(Revision::Plain, user_owner("ann"));
    assert_eq!(names(&client).await[5..], ["job_status", "task_result", "task_cancel", "task_answer"]);
    let handle = call_for(&server, &client, "optional", json!({}), 20).await;
    client.call("job_status", json!({ "task_id": named(&handle), "wait_seconds": 0 })).await.unwrap();
    next(&handle, "job_status");

    for name in ["plain", "task_answer"] {
        let fallback = TaskFallback { result_tool: name.into(), ..TaskFallback::default() };
        let builder = TaskRouter::builder().state(World::default()).tool::<Plain>().tool::<ByHandle>();
        let error = builder.task_fallback(fallback).build(TaskStore::memory()).unwrap_err();
        assert!(matches!(&error, BuildError::CompanionTool(taken) if taken == name), "{error}");
    }
}

#[tokio::test]
async fn what_companions_list_of_their_arguments_holds() {
    let server = server(None);
    takes(&server, "handled", 300);
    for client in ignorant(&server) {
        let id = named(&call_for(&server, &client, "handled", json!({}), 20).await);
        let with = |more: Value| {
            let mut arguments = json!({ "task_id": id });
            arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            arguments
        };
        for (wait, mistake) in [
            (json!(51), "51 is more than the maximum, 50"),
            (json!(1e300), "1e+300 is not of the type integer"),
            (json!(-1), "-1 is less than the minimum, 0"),
            (json!(1.5), "1.5 is not of the type integer"),
            (json!("20"), "\"20\" is not of the type integer"),
            (json!(true), "true is not of the type integer"),
        ] {
            let told = client.call("task_status", with(json!({ "wait_seconds": wait }))).await.unwrap();
            assert_eq!(told["isError"], true);
            assert!(text_of(&told).starts_with(&format!("argument `wait_seconds`: {mistake}")), "{told}");
        }
        // Equal ones in another form are taken.
        for (wait, time) in [(json!(50), 50), (json!(20.0), 20), (Value::Null, 20)] {
            let told = call_for(&server, &client, "task_status", with(json!({ "wait_seconds": wait })), time).await;
            assert_eq!(told["_meta"]["run.pmcp/task"]["status"], "working");
        }
        for name in COMPANIONS {
            let told = client.call(name, json!({ "task_id": 7 })).await.unwrap();
            assert_eq!(told["isError"], true);
            assert!(text_of(&told).starts_with("`task_id` is missing"), "{told}");
        }
        client.call("task_cancel", with(json!({}))).await.unwrap();
    }
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn another_process_finishes_what_one_began() {
    use std::time::{Duration, Instant};

    let directory = tempfile::tempdir().unwrap();
    let open = async || {
        let world = World::default();
        world.on("handled", |_, cx| async move {
            let Keep { keep } = cx.tool().elicit("Keep?").await?;
            Ok(ToolResult::text(format!("kept: {keep}")))
        });
        let backend = pmcp_tasks::store::SqliteBackend::open(directory.path().join("tasks.db")).await.unwrap();
        let router = TaskRouter::builder().state(world.clone()).tool::<ByHandle>().lease(Duration::from_millis(300));
        let router = router.build(TaskStore::new(backend)).unwrap();
        router.keep_house();
        Server { router, clock: ManualClock::new(), world }
    };
    for revision in [Revision::Plain, Revision::V2026] {
        let first = open().await;
        let client = first.client(revision, user_owner("ann")).undeclared().without_elicitation();
        let asked = client.call("handled", json!({})).await.unwrap();
        let mut answer = next(&asked, "task_answer");
        first.router.shut_down(Duration::ZERO).await;

        let second = open().await;
        let client = second.client(revision, user_owner("ann")).undeclared().without_elicitation();
        answer["answer"]["keep"] = true.into();
        client.call("task_answer", answer.clone()).await.unwrap();
        let (give_up, mut told) = (Instant::now() + Duration::from_secs(20), json!({}));
        while told["_meta"]["run.pmcp/task"]["status"] != "completed" {
            assert!(Instant::now() < give_up, "{told}");
            told =
                client.call("task_status", json!({ "task_id": answer["task_id"], "wait_seconds": 1 })).await.unwrap();
        }
        let result = client.call("task_result", next(&told, "task_result")).await.unwrap();
        assert_eq!(text_of(&result), "kept: true");
        second.router.shut_down(Duration::ZERO).await;
    }
}
