//! Instances that are killed one after the other, while clients create tasks and follow them.

use std::{
    collections::HashSet,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use pmcp_client::{CallOutcome, Client, ClientError, TaskState};
use pmcp_tasks::task::TaskStatus;
use processes::Place;
use serde_json::json;
use tokio::time::sleep;

use crate::{
    LEASE, PATIENCE, RECOVERY, TURN, attempt, check_lines,
    process::{Process, client_2025},
    random::Random,
    recoveries::{Life, Recoveries, Stalls},
};

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

pub(crate) async fn tasks_survive_200_kills_and_go_on_within_two_lease_periods(place: Place) {
    tasks_survive_kills(place, 200).await;
}

pub(crate) async fn tasks_survive_60_kills_and_go_on_within_two_lease_periods(place: Place) {
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
