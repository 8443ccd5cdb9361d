//! Processes that share one store and die, stall and stop: what clients were promised still holds.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod leases;
mod process;
mod random;
mod recoveries;
mod restarts;
mod services;
mod workflows;

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use futures_util::StreamExt as _;
use pmcp_client::{CallOutcome, Client, ClientError, TaskHandle, TaskState, TaskUpdate};
use pmcp_tasks::task::TaskStatus;
use process::{Process, client_2025};
use processes::Place;
use random::Random;
use recoveries::{Life, Recoveries, Stalls};
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

const INSTANCES: u64 = 3;
const CREATORS: u64 = 6;
const LINES: usize = 30;

/// A task whose creation was answered.
struct Known {
    id: String,
    path: PathBuf,
    /// The process it began in.
    life: Arc<Life>,
    /// As it was first seen to have ended.
    ended: Option<TaskState>,
}

/// The instances, which come and go, and what clients know.
struct Cluster {
    place: Place,
    random: Random,
    instances: Mutex<Vec<Process>>,
    /// Those of all instances there ever were.
    lives: Mutex<Vec<Arc<Life>>>,
    stopping: AtomicBool,
    known: Mutex<Vec<Known>>,
    /// Files of tasks whose creation was not answered.
    unanswered: Mutex<Vec<PathBuf>>,
    files: AtomicU64,
}

impl Cluster {
    fn new(place: Place) -> Self {
        let cluster = Self {
            place,
            random: Random::new(),
            instances: Mutex::default(),
            lives: Mutex::default(),
            stopping: AtomicBool::new(false),
            known: Mutex::default(),
            unanswered: Mutex::default(),
            files: AtomicU64::new(0),
        };
        *cluster.instances.lock().unwrap() = (0..INSTANCES).map(|_| cluster.spawn()).collect();
        cluster
    }

    fn spawn(&self) -> Process {
        // Of different periods: each is judged by its own.
        let lease = LEASE * (1 + self.random.below(2));
        let process = Process::start(lease, &["--store", self.place.store(), "--max-tasks", "10000"]);
        self.lives.lock().unwrap().push(process.life());
        process
    }

    /// A client of any instance that listens by now, and which that is.
    fn client(&self) -> Option<(Client, Arc<Life>)> {
        let instances = self.instances.lock().unwrap();
        let chosen = usize::try_from(self.random.below(INSTANCES)).unwrap();
        Some((instances[chosen].ready_client()?, instances[chosen].life()))
    }

    async fn kill(&self, times: u32) {
        for kill in 0..times {
            sleep(Duration::from_millis(150 + self.random.below(400))).await;
            let chosen = usize::try_from(self.random.below(INSTANCES)).unwrap();
            if kill % 40 == 39 {
                self.stop_for_long(chosen).await;
            }
            // It is killed wherever it is: starting, serving, inside a transaction.
            let next = self.spawn();
            let instance = &mut self.instances.lock().unwrap()[chosen];
            instance.life().killed.get_or_init(SystemTime::now);
            drop(std::mem::replace(instance, next));
        }
    }

    /// Stops an instance until the others have buried it, wherever it is: inside a transaction it keeps them from the store
    /// for more than two of their leases. It goes on for a moment.
    async fn stop_for_long(&self, chosen: usize) {
        let lease = {
            let instances = self.instances.lock().unwrap();
            instances[chosen].signal("STOP");
            instances[chosen].life().lease
        };
        sleep(lease * 5 / 2).await;
        self.instances.lock().unwrap()[chosen].signal("CONT");
        sleep(Duration::from_millis(self.random.below(100))).await;
    }

    async fn create_one(&self) -> Option<usize> {
        let (client, life) = self.client()?;
        let path = self.place.path().join(format!("{}.txt", self.files.fetch_add(1, Ordering::Relaxed)));
        match client.call_tool("append_lines", json!({ "path": path, "n": LINES, "delay_ms": 5 })).await {
            Ok(CallOutcome::Task(task)) => {
                let mut known = self.known.lock().unwrap();
                known.push(Known { id: task.id().to_owned(), path, life, ended: None });
                Some(known.len() - 1)
            }
            Ok(other) => panic!("no task: {other:?}"),
            Err(ClientError::Rpc(error)) => panic!("refused: {error}"),
            Err(_) => {
                self.unanswered.lock().unwrap().push(path);
                None
            }
        }
    }

    /// Looks at a task; whether it has ended.
    async fn look(&self, which: usize) -> bool {
        let Some((client, _)) = self.client() else { return false };
        let id = self.known.lock().unwrap()[which].id.clone();
        match client.task(id.clone()).get().await {
            Ok(state) => {
                self.saw(which, state);
                self.known.lock().unwrap()[which].ended.is_some()
            }
            // No instance may ever answer that it does not know the task, or that it cannot tell.
            Err(ClientError::Rpc(error)) => panic!("task {id}: {error}"),
            Err(_) => false,
        }
    }

    fn saw(&self, which: usize, state: TaskState) {
        let known = &mut self.known.lock().unwrap()[which];
        match &known.ended {
            Some(before) => assert_eq!(*before, state, "an outcome changed"),
            None if state.status.is_terminal() => known.ended = Some(state),
            None => {}
        }
    }

    /// Creates tasks and follows them, one after the other.
    async fn create_and_follow(&self) {
        while !self.stopping.load(Ordering::Relaxed) {
            let Some(task) = self.create_one().await else {
                sleep(Duration::from_millis(20)).await;
                continue;
            };
            while !self.look(task).await && !self.stopping.load(Ordering::Relaxed) {
                sleep(Duration::from_millis(40)).await;
            }
        }
    }

    /// Waits for the ends of all tasks; how long that took.
    async fn all_ended(&self) -> Duration {
        let started = Instant::now();
        let count = self.known.lock().unwrap().len();
        for task in 0..count {
            while !self.look(task).await {
                let late = started.elapsed() > PATIENCE;
                assert!(!late, "task {} has not ended", self.known.lock().unwrap()[task].id);
                sleep(Duration::from_millis(20)).await;
            }
        }
        started.elapsed()
    }

    /// Every task the store has, those whose creation was not answered included.
    async fn listed(&self) -> Vec<TaskState> {
        let url = self.instances.lock().unwrap()[0].url();
        client_2025(&url, false).await.list_tasks().await.unwrap()
    }

    /// The same once all of them have ended: of a creation that was not answered nobody has waited for the takeover.
    async fn all_listed_ended(&self) -> Vec<TaskState> {
        let started = Instant::now();
        loop {
            let listed = self.listed().await;
            let Some(open) = listed.iter().find(|state| !state.status.is_terminal()) else { return listed };
            assert!(started.elapsed() < PATIENCE, "never ended: {open:?}");
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Nobody watched for more than two lease periods while a task of a killed process waited.
    fn check_recoveries(&self, stalls: &[(SystemTime, SystemTime)]) {
        let begun =
            self.known.lock().unwrap().iter().map(|known| ((known.id.clone(), 1), known.life.clone())).collect();
        let found = Recoveries::of(&self.lives.lock().unwrap(), &begun, stalls);
        let Recoveries { count, absences, slowest } = found;
        eprintln!(
            "{count} recoveries, the slowest in {slowest:.2} periods; {} stalls, {absences} absences",
            stalls.len()
        );
        assert!(count > 0 && slowest <= RECOVERY, "{slowest:.2}");
    }

    async fn check(&self) {
        let mut restarted = 0;
        let mut repeated = 0;
        let count = self.known.lock().unwrap().len();
        for which in 0..count {
            // Once more, from whichever instance: the outcome is the one that was seen first.
            while !self.look(which).await {}
            let known = self.known.lock().unwrap();
            let state = known[which].ended.as_ref().unwrap();
            assert_eq!(state.status, TaskStatus::Completed, "{state:?}");
            let attempt = attempt(state);
            restarted += usize::from(attempt > 1);
            repeated += check_lines(&known[which].path, LINES, attempt);
        }
        let listed = self.all_listed_ended().await;
        let listed: HashSet<_> = listed.into_iter().map(|state| state.id).collect();
        let known = self.known.lock().unwrap();
        assert!(known.iter().all(|known| listed.contains(&known.id)), "a task is not listed");
        let unanswered = self.unanswered.lock().unwrap();
        for path in unanswered.iter().filter(|path| path.exists()) {
            check_lines(path, LINES, usize::MAX);
        }
        assert!(listed.len() <= known.len() + unanswered.len());
        eprintln!(
            "{count} tasks, {} creations without an answer, {restarted} tasks taken over, {repeated} lines twice",
            unanswered.len(),
        );
    }
}

async fn tasks_survive_200_kills_and_go_on_within_two_lease_periods(place: Place) {
    tasks_survive_kills(place, 200).await;
}

async fn tasks_survive_60_kills_and_go_on_within_two_lease_periods(place: Place) {
    tasks_survive_kills(place, 60).await;
}

async fn tasks_survive_kills(place: Place, kills: u32) {
    let _turn = TURN.lock().await;
    let cluster = Arc::new(Cluster::new(place));
    // An instance that stands still for longer than between two looks cannot be said to watch.
    let stalls = Stalls::watch(cluster.place.path(), Duration::from_millis(LEASE) / 4);
    let creators: Vec<_> = (0..CREATORS)
        .map(|_| {
            let cluster = cluster.clone();
            tokio::spawn(async move { cluster.create_and_follow().await })
        })
        .collect();
    cluster.kill(kills).await;
    cluster.stopping.store(true, Ordering::Relaxed);
    for creator in creators {
        creator.await.unwrap();
    }
    let instances: Vec<_> = cluster.instances.lock().unwrap().iter().map(Process::ready).collect();
    for ready in instances {
        ready.await;
    }
    eprintln!("the last task ended {:?} after the last kill", cluster.all_ended().await);
    cluster.check().await;
    cluster.check_recoveries(&stalls.end());
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
        a_task_that_cannot_be_restarted_fails_with_its_process, leases::*, shutdown_hands_over_what_can_be_restarted,
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
