//! Progress: notifications for the task's life in 2025-11-25, the status message in both revisions.

use pmcp_tasks::{ToolResult, call::Revision, protocol::RELATED_TASK, router::Execution};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::support::*;

const PROGRESS: &str = "notifications/progress";

/// A tool that reports what the test sends it, until the sender is dropped.
fn driven(server: &Server, tool: &'static str) -> mpsc::UnboundedSender<(f64, f64)> {
    let (sender, receiver) = mpsc::unbounded_channel();
    let receiver = std::sync::Arc::new(tokio::sync::Mutex::new(receiver));
    server.world.on(tool, move |_, cx| {
        let receiver = receiver.clone();
        async move {
            let cx = cx.tool();
            let mut steps = receiver.lock().await;
            while let Some((done, total)) = steps.recv().await {
                cx.progress(done, total).await;
            }
            Ok(ToolResult::text("done"))
        }
    });
    sender
}

#[tokio::test]
async fn notifications_carry_the_token_and_the_task_and_only_increase() {
    let server = Server::new();
    let steps = driven(&server, "optional");
    let client = server.v2025("ann");
    let params = json!({ "name": "optional", "task": {}, "_meta": { "progressToken": "p1" } });
    let id = id_of(&client.create_with(params).await.unwrap());
    for (done, total) in
        [(1.0, 4.0), (1.0, 4.0), (0.5, 4.0), (2.5, f64::INFINITY), (f64::NAN, 4.0), (f64::INFINITY, 4.0), (4.0, 4.0)]
    {
        steps.send((done, total)).unwrap();
    }
    drop(steps);
    client.until(&id, "completed").await;
    let meta = json!({ RELATED_TASK: { "taskId": id } });
    assert_eq!(
        client.session.notified(PROGRESS),
        [
            json!({ "progressToken": "p1", "progress": 1, "total": 4, "_meta": meta }),
            json!({ "progressToken": "p1", "progress": 2.5, "_meta": meta }),
            json!({ "progressToken": "p1", "progress": 4, "total": 4, "_meta": meta }),
        ]
    );
    assert_eq!(client.stream.notifications(), 0);
}

#[tokio::test]
async fn without_a_token_there_are_no_notifications() {
    let server = Server::new();
    let steps = driven(&server, "optional");
    let client = server.v2025("ann");
    let id = client.start("optional").await;
    steps.send((1.0, 2.0)).unwrap();
    drop(steps);
    client.until(&id, "completed").await;
    assert_eq!(client.session.notified(PROGRESS), [] as [Value; 0]);
}

#[tokio::test]
async fn what_is_no_token_is_no_token() {
    for revision in [Revision::V2025, Revision::V2026] {
        let server = Server::new();
        let client = server.client(revision, user_owner("ann")).undeclared();
        for token in [json!(null), json!(1.5), json!(true), json!([1]), json!({})] {
            let steps = driven(&server, "optional");
            steps.send((1.0, 2.0)).unwrap();
            drop(steps);
            client.ok("tools/call", json!({ "name": "optional", "_meta": { "progressToken": token } })).await;
        }
        assert_eq!(client.stream.notifications(), 0, "{revision:?}");
    }
}

#[tokio::test]
async fn a_plain_call_reports_on_its_own_stream() {
    for revision in [Revision::Plain, Revision::V2025, Revision::V2026] {
        let server = Server::new();
        let client = server.client(revision, user_owner("ann")).undeclared();
        let steps = driven(&server, "optional");
        steps.send((1.0, 2.0)).unwrap();
        drop(steps);
        let params = json!({ "name": "optional", "_meta": { "progressToken": 7 } });
        client.ok("tools/call", params).await;
        let expected = json!({ "progressToken": 7, "progress": 1, "total": 2 });
        assert_eq!(client.stream.notified(PROGRESS), [expected]);
        assert_eq!(client.session.notifications(), 0);
    }
}

#[tokio::test]
async fn nothing_is_reported_after_the_end() {
    let server = Server::new();
    let steps = driven(&server, "optional");
    let client = server.v2025("ann");
    let params = json!({ "name": "optional", "task": {}, "_meta": { "progressToken": "p1" } });
    let id = id_of(&client.create_with(params).await.unwrap());
    steps.send((1.0, 9.0)).unwrap();
    eventually("the first report", || client.session.notified(PROGRESS).len() == 1).await;
    client.cancel(&id).await.unwrap();
    steps.send((2.0, 9.0)).unwrap();
    settle().await;
    assert_eq!(client.session.notified(PROGRESS).len(), 1);
}

#[tokio::test]
async fn what_a_function_left_running_reports_nothing_after_it_returned() {
    let server = Server::new();
    let (go, mut going) = mpsc::unbounded_channel::<()>();
    let left = std::sync::Arc::new(std::sync::Mutex::new(None));
    let slot = left.clone();
    server.world.on("optional", move |_, cx| {
        *slot.lock().unwrap() = Some(cx.tool());
        async { Ok(ToolResult::default()) }
    });
    let client = server.v2025("ann");
    let params = json!({ "name": "optional", "task": {}, "_meta": { "progressToken": "p1" } });
    let id = id_of(&client.create_with(params).await.unwrap());
    client.until(&id, "completed").await;
    let cx = left.lock().unwrap().take().unwrap();
    tokio::spawn(async move {
        cx.progress(1, 2).await;
        assert!(cx.cancellation().is_cancelled());
        go.send(()).unwrap();
    });
    going.recv().await.unwrap();
    assert_eq!(client.session.notified(PROGRESS), [] as [Value; 0]);
}

#[tokio::test]
async fn a_task_shows_progress_at_most_once_a_poll_interval_and_not_when_completed() {
    let server = Server::new();
    let steps = driven(&server, "timed");
    let client = server.v2026("ann");
    let id = client.start("timed").await;
    let message = async || {
        settle().await;
        client.get(&id).await["statusMessage"].clone()
    };
    assert_eq!(message().await, Value::Null);
    steps.send((1.0, 10.0)).unwrap();
    assert_eq!(message().await, "1 of 10");
    let shown = client.get(&id).await;
    steps.send((2.0, 10.0)).unwrap();
    steps.send((3.0, 10.0)).unwrap();
    assert_eq!(message().await, "1 of 10");
    assert_eq!(client.get(&id).await, shown);
    // The last one, though nothing follows it.
    server.advance(seconds(2)).await;
    assert_eq!(message().await, "3 of 10");
    assert_eq!(client.get(&id).await["lastUpdatedAt"], "2025-11-25T00:00:02.000Z");
    steps.send((4.0, 10.0)).unwrap();
    assert_eq!(message().await, "3 of 10");
    server.advance(seconds(2)).await;
    assert_eq!(message().await, "4 of 10");
    server.advance(seconds(2)).await;
    steps.send((5.0, 10.0)).unwrap();
    assert_eq!(message().await, "5 of 10");
    steps.send((6.0, 10.0)).unwrap();
    drop(steps);
    let completed = client.until(&id, "completed").await;
    assert_eq!(completed.get("statusMessage"), None);
    assert_eq!((client.session.notifications(), client.stream.notifications()), (0, 0));
}

#[tokio::test]
async fn a_message_of_the_function_stays_and_is_cut_at_1024_bytes() {
    let server = Server::new();
    server.world.on("optional", |_, cx| async move {
        let task = cx.task::<()>();
        task.status_message("ü".repeat(2000)).await?;
        Ok(ToolResult::default())
    });
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    let task = client.until(&id, "completed").await;
    let message = task["statusMessage"].as_str().unwrap();
    assert!(message.len() <= 1024 && message.ends_with("ü…"), "{} bytes", message.len());
}

#[tokio::test]
async fn progress_that_waits_to_be_written_does_not_hide_a_newer_message() {
    let server = Server::new();
    server.world.on("optional", |_, cx| async move {
        let task = cx.task::<()>();
        task.progress(1, 3).await;
        task.progress(2, 3).await;
        task.status_message("nearly there").await?;
        task.sleep(minutes(1)).await?;
        Ok(ToolResult::default())
    });
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    server.advance(seconds(30)).await;
    assert_eq!(client.get(&id).await["statusMessage"], "nearly there");
    server.advance(seconds(60)).await;
    assert_eq!(client.status(&id).await, "completed");
}

#[derive(pmcp_tasks::Form)]
struct Name {
    name: String,
}

/// Tells progress, asks, and tells more.
fn asks_in_between(server: &Server, tool: &'static str) {
    server.world.on(tool, |_, cx| async move {
        let cx = cx.tool();
        cx.progress(1, 3).await;
        let Name { name } = cx.elicit::<Name>("?").await?;
        cx.progress(2, 3).await;
        cx.log(pmcp_tasks::LogLevel::Info, "asked");
        Ok(ToolResult::text(name))
    });
}

#[tokio::test]
async fn after_a_question_the_retry_is_told_under_its_own_token() {
    let server = Server::new();
    asks_in_between(&server, "plain");
    let mut client = server.v2026("ann").undeclared();
    let mut call = json!({ "name": "plain", "_meta": { "progressToken": "first" } });
    let asked = client.ok("tools/call", call.clone()).await;
    let first = client.stream.clone();
    client.stream = FakePeer::new("retry");
    client.cx.peer = client.stream.clone();
    call["requestState"] = asked["requestState"].clone();
    call["inputResponses"] = json!({ "input-1": accept(json!({ "name": "Ann" })) });
    call["_meta"] = json!({ "progressToken": 7 });
    assert_eq!(text_of(&client.ok("tools/call", call).await), "Ann");
    assert_eq!(first.notified(PROGRESS), [json!({ "progressToken": "first", "progress": 1, "total": 3 })]);
    assert_eq!(client.stream.notified(PROGRESS), [json!({ "progressToken": 7, "progress": 2, "total": 3 })]);
}

#[tokio::test]
async fn where_clients_know_no_tasks_progress_goes_on_in_the_calls_that_wait() {
    for revision in [Revision::Plain, Revision::V2025, Revision::V2026] {
        let world = World::default();
        let clock = pmcp_tasks::testing::ManualClock::new();
        let store = pmcp_tasks::TaskStore::memory().with_clock(clock.clone());
        let router = pmcp_tasks::TaskRouter::builder().state(world.clone()).tool::<ByHandle>().build(store).unwrap();
        let server = Server { router, clock, world };
        let steps = driven(&server, "handled");
        let mut client = server.client(revision, user_owner("ann")).undeclared();
        let mut calls = Vec::new();
        for (n, token) in ["call", "status", "later"].into_iter().enumerate() {
            client.stream = FakePeer::new(token);
            client.cx.peer = client.stream.clone();
            let mut params = json!({ "name": "handled", "_meta": { "progressToken": token } });
            if n > 0 {
                let task = calls_task(&server, &client).await;
                params["name"] = "task_status".into();
                params["arguments"] = json!({ "task_id": task, "wait_seconds": 5 });
            }
            let waiting = client.spawn("tools/call", params);
            settle().await;
            #[expect(clippy::cast_precision_loss, reason = "it is small")]
            steps.send((1.0 + n as f64, 4.0)).unwrap();
            settle().await;
            server.advance(minutes(2)).await;
            waiting.await.unwrap().unwrap();
            calls.push(client.stream.clone());
        }
        // Nobody waits any more.
        steps.send((4.0, 4.0)).unwrap();
        settle().await;
        for (n, stream) in calls.iter().enumerate() {
            let told = stream.notified(PROGRESS);
            let told: Vec<_> = told.iter().map(|told| (&told["progressToken"], &told["progress"])).collect();
            let token = json!(["call", "status", "later"][n]);
            assert_eq!(told, [(&token, &json!(n + 1))], "{revision:?}");
        }
    }
}

#[tokio::test]
async fn a_session_hears_the_progress_of_a_run_in_another_process() {
    let cluster = Cluster::new();
    let front = cluster.with(|router| router.execution(Execution::Queued));
    let worker = cluster.with(|router| router.worker(1));
    let steps = driven(&worker, "optional");
    let client = front.v2025("ann");
    let params = json!({ "name": "optional", "task": {}, "_meta": { "progressToken": "p" } });
    let id = id_of(&client.create_with(params).await.unwrap());
    for done in [1.0, 2.5] {
        steps.send((done, 4.0)).unwrap();
        cluster.clock.advance(seconds(2)).await;
    }
    drop(steps);
    cluster.clock.advance(seconds(2)).await;
    client.until(&id, "completed").await;
    let meta = json!({ RELATED_TASK: { "taskId": id } });
    assert_eq!(
        client.session.notified(PROGRESS),
        [
            json!({ "progressToken": "p", "progress": 1, "total": 4, "_meta": meta }),
            json!({ "progressToken": "p", "progress": 2.5, "total": 4, "_meta": meta }),
        ]
    );
}

/// The id of the client's one task.
async fn calls_task(server: &Server, client: &Client) -> String {
    let owner = client.cx.caller.owner().unwrap();
    let page = server.router.store().list(owner, None, 2).await.unwrap().unwrap();
    page.tasks[0].id().to_string()
}
