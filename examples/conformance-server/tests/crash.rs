//! Processes that share one store and die, stall and stop: what clients were promised still holds.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod balancer;
mod cluster;
mod leases;
mod process;
mod random;
mod recoveries;
mod restarts;
mod services;
mod sessions;
mod signals;
mod workflows;

use std::{
    collections::HashSet,
    path::Path,
    time::{Duration, Instant},
};

use cluster::{
    tasks_survive_60_kills_and_go_on_within_two_lease_periods,
    tasks_survive_200_kills_and_go_on_within_two_lease_periods,
};
use futures_util::StreamExt as _;
use pmcp_client::{Client, ClientError, TaskHandle, TaskState, TaskUpdate};
use pmcp_tasks::task::TaskStatus;
use process::{Process, client_2025};
use processes::Place;
use serde_json::{Value, json};
use tokio::time::sleep;

/// Long enough for a busy machine: who takes longer than half of it between two looks begins to watch anew.
const LEASE: u64 = 1000;

/// Time until a task of a killed process goes on where one watches, in lease periods of the killed one.
const RECOVERY: f64 = 2.0;

/// Time a test waits for what has to come on a machine that does much else; only a failing one waits that long.
const PATIENCE: Duration = Duration::from_secs(60);

/// The turn of tests that kill processes by the dozen, one after the other: each needs the machine for itself, to keep to its times.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

async fn start(place: &Place, lease: u64) -> Process {
    let process = Process::start(lease, &["--store", place.store(), "--grace", "200"]);
    process.ready().await;
    process
}

async fn create(client: &Client, tool: &str, arguments: Value) -> TaskHandle {
    client.call_tool(tool, arguments).await.unwrap().into_task().expect("a task")
}

/// The task as this client sees it, once the condition holds.
async fn until(task: &TaskHandle, what: &str, condition: impl Fn(&TaskState) -> bool) -> TaskState {
    let give_up = Instant::now() + PATIENCE;
    loop {
        let state = task.get().await.unwrap();
        if condition(&state) {
            return state;
        }
        assert!(Instant::now() < give_up, "waited for {what}, but: {state:?}");
        sleep(Duration::from_millis(20)).await;
    }
}

async fn ended(task: &TaskHandle) -> TaskState {
    until(task, "the end", |state| state.status.is_terminal()).await
}

fn lines(path: &Path) -> Vec<String> {
    std::fs::read_to_string(path).unwrap_or_default().lines().map(str::to_owned).collect()
}

async fn until_lines(path: &Path, count: usize) {
    let give_up = Instant::now() + PATIENCE;
    while lines(path).len() < count {
        assert!(Instant::now() < give_up, "waited for {count} lines of {}", path.display());
        sleep(Duration::from_millis(10)).await;
    }
}

/// Checks a file of `append_lines`: every line is there, first in order, and no more of them twice than the task was taken
/// over, because only the step in flight runs again. How many are.
fn check_lines(path: &Path, n: usize, attempt: usize) -> usize {
    let lines = lines(path);
    let mut seen = HashSet::new();
    let first: Vec<_> = lines.iter().filter(|line| seen.insert(*line)).cloned().collect();
    let expected: Vec<_> = (1..=n).map(|line| format!("line-{line}")).collect();
    assert_eq!(first, expected, "{}", path.display());
    let repeated = lines.len() - n;
    assert!(repeated < attempt, "{repeated} lines twice in {attempt} attempts: {}", path.display());
    repeated
}

fn attempt(state: &TaskState) -> usize {
    let result = state.result.as_ref().unwrap_or_else(|| panic!("no result: {state:?}"));
    usize::try_from(result["structuredContent"]["attempt"].as_u64().unwrap()).unwrap()
}

async fn a_task_of_one_instance_is_served_by_the_other(place: Place) {
    let (one, other) = (start(&place, 2 * LEASE).await, start(&place, 2 * LEASE).await);
    let (here, there) = (one.client(), other.client());

    // Cancelling there reaches the code here.
    let path = place.path().join("cancelled.txt");
    let appending = create(&here, "append_lines", json!({ "path": path, "n": 2000, "delay_ms": 20 })).await;
    until_lines(&path, 3).await;
    let abroad = there.task(appending.id());
    assert_eq!(abroad.get().await.unwrap().status, TaskStatus::Working);
    abroad.cancel().await.unwrap();
    assert_eq!(appending.get().await.unwrap().status, TaskStatus::Cancelled);
    sleep(Duration::from_millis(500)).await;
    let count = lines(&path).len();
    sleep(Duration::from_millis(500)).await;
    assert_eq!(lines(&path).len(), count, "the cancelled code goes on");

    // Answering there reaches the code here; listening there hears of both.
    let asking = create(&here, "confirm_delete", json!({ "filename": "a.txt" })).await;
    let abroad = there.task(asking.id());
    let mut subscription = there.listen(json!({ "taskIds": [asking.id()] })).await.unwrap();
    let asked = until(&abroad, "the question", |state| state.status == TaskStatus::InputRequired).await;
    let key = asked.input_requests.keys().next().unwrap().clone();
    let answer = json!({ "action": "accept", "content": { "confirm": true } });
    abroad.update(TaskUpdate::new().answer(key, answer)).await.unwrap();
    let done = ended(&abroad).await;
    assert_eq!(done.result.as_ref().unwrap()["content"][0]["text"], "Deleted a.txt");
    let heard = async {
        while let Some(notification) = subscription.next().await {
            if notification.params["status"] == "completed" {
                return notification;
            }
        }
        panic!("the subscription ended");
    };
    let heard = tokio::time::timeout(PATIENCE, heard).await.expect("the end is heard of");
    assert_eq!(heard.params["taskId"], asking.id());
}

async fn a_session_of_one_instance_hears_what_the_other_did(place: Place) {
    let (one, other) = (start(&place, 2 * LEASE).await, start(&place, 2 * LEASE).await);
    let (here, there) = (client_2025(&one.url(), false).await, client_2025(&other.url(), true).await);
    let mut heard = here.notifications();
    let task = here.call_tool_as_task("confirm_delete", json!({ "filename": "a.txt" }), None).await;
    let task = task.unwrap().into_task().unwrap();
    let abroad = there.task(task.id());
    until(&abroad, "the question", |state| state.status == TaskStatus::InputRequired).await;
    assert!(there.list_tasks().await.unwrap().iter().any(|state| state.id == task.id()));
    let result = tokio::time::timeout(PATIENCE, abroad.result()).await.expect("a result").unwrap();
    assert_eq!(result.first_text(), Some("Deleted a.txt"));
    assert_eq!(task.result().await.unwrap().first_text(), Some("Deleted a.txt"));
    let end = async {
        while let Some(notification) = heard.next().await {
            if notification.method == "notifications/tasks/status" && notification.params["status"] == "completed" {
                return notification;
            }
        }
        panic!("the session ended");
    };
    let end = tokio::time::timeout(PATIENCE, end).await.expect("the session hears of the end");
    assert_eq!(end.params["taskId"], task.id());
}

async fn shutdown_hands_over_what_can_be_restarted(place: Place) {
    let (mut stopped, other) = (start(&place, 2 * LEASE).await, start(&place, 2 * LEASE).await);
    let path = place.path().join("lines.txt");
    let task = create(&stopped.client(), "append_lines", json!({ "path": path, "n": 30, "delay_ms": 50 })).await;
    until_lines(&path, 3).await;
    stopped.signal("TERM");
    assert_eq!(stopped.exit_code().await, Some(0));
    let before = lines(&path).len();
    assert!(before < 30);
    let state = ended(&other.client().task(task.id())).await;
    assert_eq!((state.status, attempt(&state)), (TaskStatus::Completed, 2));
    assert_eq!(check_lines(&path, 30, 2), 0, "the step in flight was stopped before it had an effect");
}

async fn a_task_that_cannot_be_restarted_fails_with_its_process(place: Place) {
    let (killed, other) = (start(&place, LEASE).await, start(&place, LEASE).await);
    let task = create(&killed.client(), "slow_compute", json!({ "seconds": 60 })).await;
    let abroad = other.client().task(task.id());
    assert_eq!(abroad.get().await.unwrap().status, TaskStatus::Working);
    drop(killed);
    let state = ended(&abroad).await;
    assert_eq!(state.status, TaskStatus::Failed);
    let error = state.error.unwrap();
    assert_eq!(error.code, -32603);
    assert_eq!(error.message, "the server that ran this task stopped before the task had ended");
    let abroad = client_2025(&other.url(), false).await;
    let Err(ClientError::Rpc(result)) = abroad.task(task.id()).result().await else { panic!("no error") };
    assert_eq!(result, error);
}

/// All that every store is held to.
mod cases {
    pub(crate) use super::{
        a_session_of_one_instance_hears_what_the_other_did, a_task_of_one_instance_is_served_by_the_other,
        a_task_that_cannot_be_restarted_fails_with_its_process, leases::*, sessions::*,
        shutdown_hands_over_what_can_be_restarted, signals::*,
        tasks_survive_60_kills_and_go_on_within_two_lease_periods,
        tasks_survive_200_kills_and_go_on_within_two_lease_periods, workflows::*,
    };
}

/// A module with the tests on one store, with as many kills as it is worth. Those that need a service say so, and run with
/// `--include-ignored`.
macro_rules! on {
    ($store:ident, $place:expr, $kills:ident $(, ignore = $reason:literal)?) => {
        mod $store {
            use super::*;

            on!(@cases $place, [$(#[ignore = $reason])?],
                $kills
                a_task_of_one_instance_is_served_by_the_other
                a_session_of_one_instance_hears_what_the_other_did
                shutdown_hands_over_what_can_be_restarted
                a_task_that_cannot_be_restarted_fails_with_its_process
                a_worker_that_stalled_changes_nothing_and_goes_on
                what_a_worker_acknowledges_after_its_burial_goes_on_elsewhere
                a_worker_with_a_long_lease_is_not_buried_by_one_with_a_short_one
                a_session_goes_on_though_its_instance_is_killed_in_the_middle_of_everything
                sessions_go_on_while_instances_are_killed_one_after_the_other
                a_signal_is_there_whenever_it_came_and_of_racing_ones_the_first
                a_run_survives_a_kill_anywhere_and_goes_on_within_two_lease_periods
                a_run_is_one_wherever_its_client_lands
                a_run_that_is_cancelled_elsewhere_stops_here
            );
        }
    };
    (@cases $place:expr, $ignore:tt, $($case:ident)*) => {
        $(on!(@case $case, $place, $ignore);)*
    };
    (@case $case:ident, $place:expr, [$($ignore:tt)*]) => {
        #[tokio::test(flavor = "multi_thread")]
        $($ignore)*
        async fn $case() {
            cases::$case($place).await;
        }
    };
}

on!(sqlite, Place::sqlite().unwrap(), tasks_survive_200_kills_and_go_on_within_two_lease_periods);
on!(
    redis,
    Place::service("PMCP_TEST_REDIS_URL", "prefix").unwrap(),
    tasks_survive_200_kills_and_go_on_within_two_lease_periods,
    ignore = "needs a Redis server: `cargo xtask services redis`"
);
on!(
    postgres,
    Place::service("PMCP_TEST_POSTGRES_URL", "schema").unwrap(),
    tasks_survive_200_kills_and_go_on_within_two_lease_periods,
    ignore = "needs a PostgreSQL server: `cargo xtask services postgres`"
);
on!(
    dynamodb,
    Place::service("PMCP_TEST_DYNAMODB_URL", "prefix").unwrap(),
    tasks_survive_60_kills_and_go_on_within_two_lease_periods,
    ignore = "needs DynamoDB: `cargo xtask services dynamodb`"
);
