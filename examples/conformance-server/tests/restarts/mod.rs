//! A service that is stopped hard and started again under a load: what was promised before is kept.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use super::{services::Service, *};

/// Tasks that are followed at the same time.
const FOLLOWED: u64 = 16;

/// Lines of each task: a run takes about as long as a service is away.
const LINES: usize = 60;

/// Times the service is away, in milliseconds: shorter and longer than a lease.
const AWAY: [u64; 3] = [100, LEASE / 2, LEASE * 5 / 2];

/// Two servers on a service, and what clients know.
struct Load {
    servers: [Process; 2],
    place: tempfile::TempDir,
    stopping: AtomicBool,
    known: Mutex<Vec<Task>>,
    files: AtomicU64,
}

/// A task whose creation was answered.
struct Task {
    id: String,
    path: PathBuf,
    ended: TaskState,
}

impl Load {
    async fn on(store: &str) -> Self {
        let start = async || {
            let options = ["--store", store, "--grace", "200", "--max-tasks", "10000"];
            let process = Process::start(LEASE, &options);
            process.ready().await;
            process
        };
        Self {
            servers: [start().await, start().await],
            place: tempfile::TempDir::new().unwrap(),
            stopping: AtomicBool::new(false),
            known: Mutex::default(),
            files: AtomicU64::new(0),
        }
    }

    /// Creates tasks, one after the other, and looks at each until it has ended, here and there in turn.
    async fn create_and_follow(&self) {
        while !self.stopping.load(Ordering::Relaxed) {
            let n = self.files.fetch_add(1, Ordering::Relaxed);
            let path = self.place.path().join(format!("{n}.txt"));
            let arguments = json!({ "path": path, "n": LINES, "delay_ms": 20 });
            let created = self.client(n).call_tool("append_lines", arguments).await;
            // Whether it was created is not known if that was not answered.
            let Some(called) = answered(created) else {
                sleep(Duration::from_millis(20)).await;
                continue;
            };
            let id = called.into_task().expect("a task").id().to_owned();
            let ended = self.followed(&id).await;
            self.known.lock().unwrap().push(Task { id, path, ended });
        }
    }

    async fn followed(&self, id: &str) -> TaskState {
        let give_up = Instant::now() + PATIENCE;
        for look in 0.. {
            match answered(self.client(look).task(id.to_owned()).get().await) {
                Some(state) if state.status.is_terminal() => return state,
                state => assert!(Instant::now() < give_up, "task {id} has not ended: {state:?}\n{:?}", self.logs()),
            }
            sleep(Duration::from_millis(40)).await;
        }
        unreachable!()
    }

    fn client(&self, n: u64) -> Client {
        self.servers[usize::from(n % 2 == 1)].client()
    }

    fn logs(&self) -> Vec<Vec<String>> {
        self.servers.iter().map(Process::log).collect()
    }
}

/// The answer, if there is one. A server whose store is away says so; it never says that it does not know a task.
fn answered<T>(answer: Result<T, ClientError>) -> Option<T> {
    match answer {
        Ok(answer) => Some(answer),
        Err(ClientError::Rpc(error)) => {
            assert_eq!(error.code, -32603, "{error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

async fn a_restart_of_the_service_loses_nothing_that_was_promised(mut service: Service) {
    let store = service.store().to_owned();
    let load = Arc::new(Load::on(&store).await);
    let followers: Vec<_> = (0..FOLLOWED)
        .map(|_| {
            let load = load.clone();
            tokio::spawn(async move { load.create_and_follow().await })
        })
        .collect();
    for away in AWAY {
        sleep(Duration::from_millis(LEASE * 2)).await;
        service.kill();
        sleep(Duration::from_millis(away)).await;
        tokio::task::block_in_place(|| service.start_again());
        let back = Instant::now();
        // A new task ends.
        let path = load.place.path().join(format!("after-{away}.txt"));
        let arguments = json!({ "path": path, "n": 1, "delay_ms": 0 });
        let called = loop {
            if let Some(called) = answered(load.client(0).call_tool("append_lines", arguments.clone()).await) {
                break called;
            }
            sleep(Duration::from_millis(20)).await;
        };
        load.followed(called.into_task().expect("a task").id()).await;
        eprintln!("{store}: away for {away} ms; a new task had ended {:?} after it was back", back.elapsed());
    }
    sleep(Duration::from_millis(LEASE)).await;
    load.stopping.store(true, Ordering::Relaxed);
    for follower in followers {
        follower.await.unwrap();
    }

    let known = std::mem::take(&mut *load.known.lock().unwrap());
    assert!(known.len() > 10, "{}", known.len());
    let listed = client_2025(&load.servers[0].url(), false).await.list_tasks().await.unwrap();
    let listed: HashSet<_> = listed.into_iter().map(|state| state.id).collect();
    for Task { id, path, ended } in &known {
        assert_eq!(ended.status, TaskStatus::Completed, "{ended:?}");
        // Nobody died: who ran it goes on with it, and no line is there twice.
        assert_eq!((attempt(ended), check_lines(path, LINES, 1)), (1, 0), "{id}");
        for server in &load.servers {
            assert_eq!(&server.client().task(id.clone()).get().await.unwrap(), ended, "an outcome changed");
        }
        assert!(listed.contains(id), "{id} is not listed");
    }
    for log in load.logs() {
        assert!(log.iter().all(|line| !line.contains("died") && !line.contains("for dead")), "{log:?}");
    }
    eprintln!("{store}: {} tasks ended, each once", known.len());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server: `cargo xtask services redis`"]
async fn a_restart_of_redis_loses_nothing_that_was_promised() {
    a_restart_of_the_service_loses_nothing_that_was_promised(Service::redis()).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the programs of PostgreSQL: `cargo xtask services postgres`"]
async fn a_restart_of_postgres_loses_nothing_that_was_promised() {
    a_restart_of_the_service_loses_nothing_that_was_promised(Service::postgres()).await;
}
