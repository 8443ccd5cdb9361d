//! The pool on each store: one of two workers is killed in the middle of a batch, and the other one ends it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::{HashMap, HashSet},
    time::{Duration, Instant},
};

use pmcp_client::{Client, TaskHandle, TaskState};
use pmcp_tasks::task::TaskStatus;
use processes::{Child, Place, Role};
use serde_json::json;
use tokio::time::sleep;

const PROGRAM: &str = env!("CARGO_BIN_EXE_worker-pool");

/// Tasks of the batch: at the kill the workers, two tasks each at a time, have begun some and ended some.
const TASKS: u32 = 16;

/// Longest time the test waits; only a failing one does.
const PATIENCE: Duration = Duration::from_secs(60);

async fn start(place: &Place, role: [&str; 2], ready: &str) -> Child {
    let arguments = [role[0], role[1], "--store", place.store()];
    Role::of(PROGRAM, &arguments).log("info").start(ready).await.unwrap()
}

/// The tasks that have ended, as they are now.
async fn ended(tasks: &[TaskHandle]) -> HashMap<String, TaskState> {
    let mut ended = HashMap::new();
    for task in tasks {
        let state = task.get().await.unwrap();
        if state.status.is_terminal() {
            ended.insert(state.id.clone(), state);
        }
    }
    ended
}

async fn until_ended(tasks: &[TaskHandle], count: usize) -> HashMap<String, TaskState> {
    let give_up = Instant::now() + PATIENCE;
    loop {
        let ended = ended(tasks).await;
        if ended.len() >= count {
            return ended;
        }
        assert!(Instant::now() < give_up, "{} of {count} tasks have ended", ended.len());
        sleep(Duration::from_millis(20)).await;
    }
}

fn worker(state: &TaskState) -> &str {
    state.result.as_ref().unwrap()["structuredContent"]["worker"].as_str().unwrap()
}

/// Tasks that a worker has begun, or went on with, by its log.
fn begun(worker: &Child) -> Vec<String> {
    let line = |line: &String| Some(line.split_once("a task goes on here task=")?.1.split(' ').next()?.to_owned());
    worker.log().iter().filter_map(line).collect()
}

fn primes(below: u32) -> u32 {
    (2..below).map(|n| u32::from((2..=n.isqrt()).all(|d| !n.is_multiple_of(d)))).sum()
}

async fn the_batch_of_a_killed_worker_ends(place: Place) {
    let front = start(&place, ["--front", "127.0.0.1:0"], "listening on ").await;
    let mut first = start(&place, ["--worker", "worker-1"], "worker-1 works").await;
    let second = start(&place, ["--worker", "worker-2"], "worker-2 works").await;

    let client = Client::builder("stores", "1").connect_http(front.told()).await.unwrap();
    let mut tasks = Vec::new();
    for number in 1..=TASKS {
        let called = client.call_tool("count_primes", json!({ "below": number * 100 })).await.unwrap();
        tasks.push(called.into_task().expect("the call did not become a task"));
    }
    // Each worker has ended one, and has begun others.
    let give_up = Instant::now() + PATIENCE;
    loop {
        let ended = ended(&tasks).await;
        let workers: HashSet<_> = ended.values().map(worker).collect();
        if workers.len() == 2 {
            break;
        }
        assert!(Instant::now() < give_up, "only {workers:?} ended tasks");
        sleep(Duration::from_millis(20)).await;
    }
    sleep(Duration::from_millis(100)).await;
    first.kill().await.unwrap();
    let (killed, before) = (Instant::now(), ended(&tasks).await);
    let after = until_ended(&tasks, tasks.len()).await;
    eprintln!("{} of {TASKS} tasks ended before the kill, the last {:?} after it", before.len(), killed.elapsed());

    for (number, task) in (1..).zip(&tasks) {
        let state = &after[task.id()];
        assert_eq!(state.status, TaskStatus::Completed, "{state:?}");
        assert_eq!(state.result.as_ref().unwrap()["structuredContent"]["primes"], primes(number * 100), "{state:?}");
    }
    // What had ended was left alone, and the rest was done by the one that lived.
    for (id, state) in &before {
        assert_eq!(state, &after[id]);
    }
    for (id, state) in after.iter().filter(|(id, _)| !before.contains_key(*id)) {
        assert_eq!(worker(state), "worker-2", "{id}");
    }
    // Each is begun once where it is ended.
    let (here, there) = (begun(&second), begun(&first));
    let distinct: HashSet<_> = here.iter().collect();
    assert_eq!(distinct.len(), here.len(), "{here:?}");
    let by_second = after.values().filter(|state| worker(state) == "worker-2").count();
    assert_eq!(here.len(), by_second);
    // And elsewhere, too, if that one was killed meanwhile: of its last words some may be missing.
    let twice = there.iter().filter(|id| distinct.contains(id)).count();
    eprintln!("{twice} were taken over");
    assert!((1..=2).contains(&twice), "{there:?}, then {here:?}");
    // No task but these: a call that was repeated on the way to the store made no second one.
    let lists = Client::builder("stores", "1").revision("2025-11-25").connect_http(front.told()).await.unwrap();
    let listed: HashSet<_> = lists.list_tasks().await.unwrap().into_iter().map(|state| state.id).collect();
    assert_eq!(listed, tasks.iter().map(|task| task.id().to_owned()).collect());
    assert_eq!(ended(&tasks).await, after);
}

#[tokio::test]
async fn sqlite() {
    the_batch_of_a_killed_worker_ends(Place::sqlite().unwrap()).await;
}

#[cfg(feature = "redis")]
#[tokio::test]
#[ignore = "needs redis-server: `cargo xtask services redis`"]
async fn redis() {
    the_batch_of_a_killed_worker_ends(Place::service("PMCP_TEST_REDIS_URL", "prefix").unwrap()).await;
}

#[cfg(feature = "redis")]
#[tokio::test]
#[ignore = "needs a Redis cluster: `cargo xtask services redis`"]
async fn redis_cluster() {
    the_batch_of_a_killed_worker_ends(Place::service("PMCP_TEST_REDIS_CLUSTER_URL", "prefix").unwrap()).await;
}

#[cfg(feature = "redis")]
#[tokio::test]
#[ignore = "needs valkey-server: `cargo xtask services redis`"]
async fn valkey() {
    the_batch_of_a_killed_worker_ends(Place::service("PMCP_TEST_VALKEY_URL", "prefix").unwrap()).await;
}

#[cfg(feature = "postgres")]
#[tokio::test]
#[ignore = "needs PostgreSQL: `cargo xtask services postgres`"]
async fn postgres() {
    the_batch_of_a_killed_worker_ends(Place::service("PMCP_TEST_POSTGRES_URL", "schema").unwrap()).await;
}

#[cfg(feature = "postgres")]
#[tokio::test]
#[ignore = "needs PgBouncer: `cargo xtask services postgres`"]
async fn postgres_behind_a_pooler() {
    the_batch_of_a_killed_worker_ends(Place::service("PMCP_TEST_POSTGRES_POOLER_URL", "schema").unwrap()).await;
}

#[cfg(feature = "dynamodb")]
#[tokio::test]
#[ignore = "needs DynamoDB: `cargo xtask services dynamodb`"]
async fn dynamodb() {
    let place = Place::table("PMCP_TEST_DYNAMODB_ENDPOINT").unwrap();
    pmcp_tasks::store::DynamoDbBackend::create_table(&place.store().parse().unwrap()).await.unwrap();
    the_batch_of_a_killed_worker_ends(place).await;
}

#[tokio::test]
async fn memory_is_refused_as_no_two_processes_share_it() {
    for role in [vec![], vec!["--functions"], vec!["--worker", "worker-1"], vec!["--front", "127.0.0.1:0"]] {
        let run =
            tokio::process::Command::new(PROGRAM).args(&role).args(["--store", "memory:"]).kill_on_drop(true).output();
        let output = tokio::time::timeout(PATIENCE, run).await.expect("it ends").unwrap();
        assert_eq!(output.status.code(), Some(1), "{role:?}");
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(told, "error: tasks in memory are of one process: name a store that processes share\n");
    }
}
