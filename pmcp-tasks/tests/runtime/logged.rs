//! The log of the process: every detail that the wire does not show, and nothing that is to stay secret.

use std::io;

use bytes::Bytes;
use pmcp_tasks::{
    Limits, ResultExt as _, TaskContext, ToolError, ToolResult,
    protocol::VARIABLES,
    store::{
        StorageBackend as _, StoreError,
        backend::{FieldOp, Guard, HolderChange, Merge, Parts, Put, TaskKey, WriteId},
    },
    task::TaskId,
    time::Clock as _,
};
use serde_json::{Value, json};
use tracing::Level;

use crate::support::*;

#[derive(pmcp_tasks::Form)]
struct Name {
    name: String,
}

/// What the world must not learn.
const DETAIL: &str = "no route to db.internal:5432";

fn fails(server: &Server, tool: &'static str) {
    server.world.on(tool, |_, _| async { Err::<ToolResult, ToolError>(io::Error::other(DETAIL).into()) });
}

/// The reference in a text for the client.
fn reference(text: &str) -> &str {
    text.rsplit_once("ref ").and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or_else(|| panic!("{text}"))
}

#[tokio::test]
async fn a_failure_is_in_the_log_under_the_reference_the_client_got() {
    let server = Server::new();
    for tool in ["plain", "required"] {
        fails(&server, tool);
    }
    for client in [server.v2025("ann"), server.v2026("ann")] {
        let log = Logged::begin();
        let result = client.call("plain", json!({})).await.unwrap();
        let line = log.only("the tool failed");
        assert_eq!((line.level, line.field("reference")), (Level::ERROR, reference(text_of(&result))));
        assert_eq!((line.field("tool"), line.field("task"), line.field("error")), ("plain", "None", DETAIL));
        assert!(!result.to_string().contains(DETAIL));

        let log = Logged::begin();
        let id = client.start("required").await;
        let task = client.until(&id, if client.cx.client.tasks { "completed" } else { "failed" }).await;
        let result = if client.cx.client.tasks { task["result"].clone() } else { client.result(&id).await.unwrap() };
        let line = log.only("the tool failed");
        assert_eq!(line.field("reference"), reference(text_of(&result)));
        assert!(line.field("task").contains(&id) && line.field("error") == DETAIL, "{line:?}");
        assert!(!task.to_string().contains(DETAIL) && !result.to_string().contains(DETAIL));
        drop(log);
    }
}

#[tokio::test]
async fn two_failures_have_two_references_and_every_cause_is_told() {
    let server = Server::new();
    server.world.on("plain", |_, _| async {
        let error = io::Error::other(StoreError::Unavailable { backend: "warehouse", source: DETAIL.into() });
        Err::<ToolResult, _>(error).context("the rows could not be read")
    });
    let (log, client) = (Logged::begin(), server.v2026("ann"));
    let results = [client.call("plain", json!({})).await.unwrap(), client.call("plain", json!({})).await.unwrap()];
    let lines = log.of("the tool failed");
    let references = results.each_ref().map(|result| reference(text_of(result)));
    assert_eq!(lines.iter().map(|line| line.field("reference")).collect::<Vec<_>>(), references);
    assert_ne!(references[0], references[1]);
    for (line, result) in lines.iter().zip(&results) {
        for part in ["the rows could not be read", "warehouse: unavailable", DETAIL] {
            assert!(line.field("error").contains(part), "{line:?}");
        }
        assert!(
            text_of(result).starts_with("the rows could not be read (") && !result.to_string().contains("warehouse")
        );
    }
}

#[tokio::test]
async fn a_panic_is_in_the_log_with_what_it_said() {
    let server = Server::new();
    let client = server.v2026("ann");
    let panics: [fn(); 2] = [|| panic!("{DETAIL}"), || panic!("no route to db.internal:5432")];
    for panics in panics {
        server.world.on("required", move |_, _| async move {
            panics();
            Ok(ToolResult::default())
        });
        let log = Logged::begin();
        let id = client.start("required").await;
        let task = client.until(&id, "failed").await;
        assert_eq!(task["error"], json!({ "code": -32603, "message": "the tool failed unexpectedly" }));
        let line = log.only("the tool panicked");
        assert_eq!((line.level, line.field("tool"), line.field("panic")), (Level::ERROR, "required", DETAIL));
        assert!(line.field("task").contains(&id));
    }
    let log = Logged::begin();
    let error = client.call("plain", json!({ "refuse": "panic" })).await.unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (-32603, "the tool failed unexpectedly"));
    let line = log.only("reading the arguments panicked");
    assert_eq!((line.field("tool"), line.field("panic")), ("plain", "the type of an argument panics"));
}

#[tokio::test]
async fn a_failure_of_the_store_is_in_the_log_with_what_it_said() {
    let backend = FaultyBackend::new();
    let server = Server::on(backend.clone(), Limits::default());
    let client = server.v2026("ann");
    let log = Logged::begin();
    backend.fail(Fault::Down, usize::MAX);
    let creation = client.spawn("tools/call", json!({ "name": "required" }));
    server.advance(seconds(1)).await;
    let error = creation.await.unwrap().unwrap_err();
    assert_eq!((error.code, error.message.as_str(), error.data), (-32603, "the task store failed", None));
    let line = log.only("the store failed");
    assert_eq!((line.level, line.field("error")), (Level::ERROR, "faulty: unavailable: as the test wants"));
}

#[tokio::test]
async fn an_outcome_that_cannot_be_stored_is_told_with_its_task() {
    let backend = FaultyBackend::new();
    let server = Server::on(backend.clone(), Limits::default());
    let client = server.v2026("ann");
    let log = Logged::begin();
    backend.fail_in("put", Fault::Down, usize::MAX);
    let id = client.start("required").await;
    server.advance(seconds(1)).await;
    let lines = log.of("the outcome could not be stored");
    assert!(!lines.is_empty());
    assert!(lines.iter().all(|line| line.level == Level::ERROR && line.field("task").contains(&id)));
    assert!(lines.iter().all(|line| line.field("error").ends_with("as the test wants")));
    backend.recover();
    server.advance(minutes(1)).await;
    client.until(&id, "completed").await;
}

fn key(id: &str) -> TaskKey {
    TaskKey { owner: user_owner("ann").key(), id: id.parse::<TaskId>().unwrap() }
}

/// Writes this as the head of the task, past every rule.
async fn break_head(cluster: &Cluster, id: &str, head: &'static [u8]) {
    let now = cluster.clock.now();
    let version = cluster.store.get(&key(id), Parts::empty(), now).await.unwrap().unwrap().version;
    let put = Put {
        version,
        fence: None,
        head: Bytes::from_static(head),
        outcome: None,
        step: None,
        open: true,
        holder: HolderChange::Keep,
        write: WriteId(1),
    };
    cluster.store.put(&key(id), &put, now).await.unwrap();
}

#[tokio::test]
async fn a_corrupt_record_is_named_in_the_log_alone() {
    let cluster = Cluster::new();
    let server = cluster.dead();
    let _gate = gated(&server, "required", "one", &cluster.log);
    let (old, new) = (server.v2025("ann"), server.v2026("ann"));
    let (broken, whole) = (new.start("required").await, new.start("required").await);
    settle().await;
    break_head(&cluster, &broken, b"{\"status\":").await;

    let log = Logged::begin();
    let error = new.err("tasks/get", json!({ "taskId": broken })).await;
    assert_eq!((error.code, error.message.as_str(), error.data), (-32603, "the task store failed", None));
    let line = log.only("the store failed");
    assert!(line.field("error").contains(&broken) && line.field("error").contains("corrupt"), "{line:?}");

    let log = Logged::begin();
    assert_eq!(old.page(None).await.0, [whole]);
    let line = log.only("task left out of a list");
    assert_eq!((line.level, line.field("task")), (Level::ERROR, broken.as_str()));

    let log = Logged::begin();
    cluster.alive();
    cluster.two_periods().await;
    assert_eq!(log.only("a claimed task cannot be read").field("task"), broken);
}

#[tokio::test]
async fn a_takeover_says_who_died_and_what_goes_on_or_fails() {
    let cluster = Cluster::new();
    let (one, other) = (cluster.dead(), cluster.alive());
    let _gates = [gated(&one, "restarting", "one", &cluster.log), gated(&one, "optional", "one", &cluster.log)];
    let client = one.v2025("ann");
    let (restarts, fails) = (client.start("restarting").await, client.start("optional").await);
    settle().await;
    // The other one is a worker, too, as soon as it keeps its lease.
    let client = other.v2025("ann");
    let dead = cluster.workers().await;
    let log = Logged::begin();
    cluster.two_periods().await;
    client.until(&restarts, "completed").await;
    client.until(&fails, "failed").await;
    let line = log.only("a worker died");
    assert_eq!(line.level, Level::WARN);
    let left = cluster.workers().await;
    let buried: Vec<_> = dead.iter().filter(|worker| !left.contains(worker)).collect();
    assert_eq!(buried.iter().map(|worker| format!("{:032x}", worker.0)).collect::<Vec<_>>(), [line.field("worker")]);
    let line = log.only("a task goes on here");
    assert_eq!((line.level, line.field("task"), line.field("fence")), (Level::INFO, restarts.as_str(), "2"));
    let line = log.only("a task of a dead worker fails");
    assert_eq!((line.level, line.field("task"), line.field("tool")), (Level::WARN, fails.as_str(), "optional"));
}

#[tokio::test]
async fn a_lost_lease_says_so() {
    let cluster = Cluster::new();
    let connection = Connection::to(&cluster.store);
    let one = cluster.over(&connection, |router| router);
    one.router.keep_house();
    let _gate = gated(&one, "restarting", "one", &cluster.log);
    one.v2025("ann").start("restarting").await;
    settle().await;

    let log = Logged::begin();
    connection.cut(true);
    cluster.two_periods().await;
    let lines = log.of("the lease could not be renewed");
    assert!(lines.iter().all(|line| line.level == Level::WARN));
    assert_eq!(lines[0].field("error"), "shared: unavailable: as the test wants");
    let has_run_out = [&lines[0], &lines[lines.len() - 1]].map(|line| line.field("has_run_out"));
    assert_eq!(has_run_out, ["false", "true"]);

    connection.cut(false);
    cluster.two_periods().await;
    let log = Logged::begin();
    for worker in cluster.workers().await {
        cluster.bury(worker).await;
    }
    cluster.two_periods().await;
    assert_eq!(log.only("others took this worker for dead: it stops its tasks").level, Level::ERROR);
}

/// What is only in arguments, answers, hidden variables and results.
const SECRET: &str = "s3cr3t-7f1c";

/// A function that has a secret everywhere, and whose every write may go wrong.
fn holds_secrets(server: &Server, tool: &'static str) {
    server.world.on(tool, |arguments, cx| async move {
        let task: TaskContext<Shared> = cx.task();
        assert_eq!(arguments.given["password"], SECRET);
        task.variables().secret.set(SECRET.into()).await?;
        task.step("login", async || Ok::<_, ToolError>(SECRET.to_owned())).await?;
        task.variables().update(|all| all.secret.push_str(SECRET)).await?;
        let Name { name } = task.elicit("What is your password?").await?;
        assert_eq!(name, SECRET);
        // The tool changed, and what is stored is of another type.
        let stored: Result<u64, _> = task.variables().secret_as_number().await;
        stored?;
        Ok(ToolResult::text(SECRET))
    });
}

#[tokio::test]
async fn no_secret_is_in_the_log_whatever_goes_wrong() {
    let log = Logged::begin();
    for operation in ["", "create", "put", "merge", "record", "claim"] {
        let cluster = Cluster::new();
        let backend = FaultyBackend::to(&cluster.store);
        let one = Server::on_clock(cluster.clock.clone(), backend.clone(), |router| {
            router.tool::<Restarting>().tool::<Counted>().lease(seconds(LEASE))
        });
        one.router.keep_house();
        holds_secrets(&one, "counted");
        let client = one.v2026("ann");
        let answer = json!({ "input-1": accept(json!({ "name": SECRET })) });
        for times in [1, 4, 8] {
            if !operation.is_empty() {
                backend.fail_in(operation, Fault::Down, times);
            }
            let params = json!({ "name": "counted", "arguments": { "password": SECRET } });
            let creation = client.spawn("tools/call", params);
            cluster.clock.advance(seconds(1)).await;
            let Ok(created) = creation.await.unwrap() else { continue };
            let id = id_of(&created);
            let update = json!({ "taskId": id, "inputResponses": answer });
            let update = client.spawn("tasks/update", update);
            cluster.clock.advance(seconds(1)).await;
            drop(update.await.unwrap());
            cluster.two_periods().await;
            let cancel = client.spawn("tasks/cancel", json!({ "taskId": id }));
            cluster.clock.advance(seconds(1)).await;
            drop(cancel.await.unwrap());
        }
        // An outcome that cannot be stored at first.
        one.world.on("restarting", |_, _| async { Ok(ToolResult::text(SECRET)) });
        backend.recover();
        let id = one.v2025("bob").start("restarting").await;
        backend.fail_in("put", Fault::Down, 8);
        cluster.clock.advance(seconds(6)).await;
        one.v2025("bob").until(&id, "completed").await;
        // What is refused.
        for params in [
            json!({ "name": "counted", "arguments": { "password": SECRET, "refuse": SECRET } }),
            json!({ "name": "counted", "_meta": { VARIABLES: { "secret": SECRET } } }),
            json!({ "name": "counted", "_meta": { VARIABLES: { "limit": SECRET } } }),
            json!({ "name": "plain", "arguments": { "password": SECRET }, "requestState": SECRET }),
        ] {
            drop(client.request("tools/call", params).await);
        }
        cluster.two_periods().await;
    }
    let found: Vec<_> = log.lines().into_iter().filter(|line| line.contains(SECRET)).collect();
    assert!(found.is_empty(), "{found:#?}");
    // What went wrong was told.
    for message in ["the store failed", "the tool failed", "the outcome could not be stored"] {
        assert!(!log.of(message).is_empty(), "{message}: {:#?}", log.lines());
    }
}

#[tokio::test]
async fn no_secret_of_a_dead_worker_or_a_broken_record_is_in_the_log() {
    let log = Logged::begin();
    let cluster = Cluster::new();
    let (one, other) = (cluster.dead(), cluster.alive());
    for server in [&one, &other] {
        holds_secrets(server, "restarting");
    }
    let params = json!({ "name": "restarting", "arguments": { "password": SECRET }, "task": {} });
    let client = other.v2026("ann");
    let mut ids = Vec::new();
    for _ in 0..3 {
        let id = id_of(&one.v2025("ann").create_with(params.clone()).await.unwrap());
        client.until(&id, "input_required").await;
        ids.push(id);
    }
    // One whose record is broken, and one whose variable is.
    break_head(&cluster, &ids[0], br#"{"schema":1,"answers":{"input-1":{"name":"s3cr3t-7f1c"#).await;
    let merge = Merge {
        guard: Guard::Open,
        ops: vec![("secret".into(), FieldOp::Set(Bytes::from_static(b"\"s3cr3t-7f1c")))],
        max_bytes: u32::MAX,
        write: WriteId(2),
    };
    cluster.store.merge(&key(&ids[1]), &merge, cluster.clock.now()).await.unwrap();
    cluster.two_periods().await;
    for id in &ids {
        let answer: Value = json!({ "input-1": accept(json!({ "name": SECRET })) });
        drop(client.update(id, answer).await);
    }
    settle().await;
    assert_eq!(client.status(&ids[2]).await, "completed");
    let found: Vec<_> = log.lines().into_iter().filter(|line| line.contains(SECRET)).collect();
    assert!(found.is_empty(), "{found:#?}");
    assert!(!log.of("a claimed task cannot be read").is_empty() && !log.of("the store failed").is_empty());
}
