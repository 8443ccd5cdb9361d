//! Tools that block the threads of the runtime: they are told of, and take no other task with them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    time::Duration,
};

use futures_util::FutureExt as _;
use pmcp_tasks::{
    Limits, TaskRouter, TaskStore, ToolResult,
    store::{MemoryBackend, StorageBackend as _},
    testing::ManualClock,
    time::{Clock, Millis, Sleep},
};
use serde_json::json;
use tracing::Level;

use crate::support::*;

/// A process on the clock of the system: this is about threads, which a manual clock knows nothing of.
fn process(store: &Arc<MemoryBackend>, lease: Duration, limits: Limits) -> Server {
    let world = World::default();
    let builder = TaskRouter::builder().state(world.clone()).tool::<Optional>().tool::<Required>();
    let router = builder.lease(lease).limits(limits).build(TaskStore::new(Connection::to(store))).unwrap();
    Server { router, clock: ManualClock::new(), world }
}

/// Has tools block all threads of a process that also runs a task which does not, and looks at that from another one.
fn while_all_is_blocked(lease: Duration, limits: &Limits, look: impl AsyncFnOnce(&MemoryBackend, &Client, &str)) {
    const THREADS: usize = 2;
    let store = Arc::new(MemoryBackend::new());
    let mut blocked = tokio::runtime::Builder::new_multi_thread();
    let blocked = blocked.worker_threads(THREADS).enable_time().build().unwrap();
    let watching = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let [one, other] = [(); 2].map(|()| process(&store, lease, limits.clone()));
    let (waits, waiting) = mpsc::channel();
    let mut gates = Vec::new();
    let gate = std::sync::Mutex::new({
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..THREADS).map(|_| mpsc::channel::<()>()).unzip();
        gates.extend(senders);
        receivers
    });
    one.world.on("required", move |_, _| {
        let receiver = gate.lock().unwrap().pop().unwrap();
        let waits = waits.clone();
        async move {
            waits.send(()).unwrap();
            // As a library without `async` does.
            let _ = receiver.recv();
            Ok(ToolResult::default())
        }
    });
    let (begins, begun) = mpsc::channel();
    one.world.on("optional", move |_, cx| {
        let (begins, cx) = (begins.clone(), cx.tool());
        async move {
            begins.send(()).unwrap();
            cx.cancellation().cancelled().await;
            Ok(ToolResult::default())
        }
    });
    let client = one.v2026("ann");
    let id = blocked.block_on(async {
        one.router.keep_house();
        let id = client.start("optional").await;
        eventually("the innocent task runs", || begun.try_recv().is_ok()).await;
        for _ in 0..THREADS {
            client.start("required").await;
        }
        id
    });
    for _ in 0..THREADS {
        waiting.recv().unwrap();
    }
    watching.block_on(async {
        other.router.keep_house();
        look(&store, &other.v2026("ann"), &id).await;
        other.router.shut_down(Duration::ZERO).await;
    });
    drop(gates);
    blocked.block_on(async {
        client.cancel(&id).await.unwrap();
        one.router.shut_down(seconds(5)).await;
    });
}

#[test]
fn a_runtime_whose_threads_are_all_blocked_keeps_its_lease() {
    let lease = seconds(1);
    while_all_is_blocked(lease, &Limits::default(), async |store, other, id| {
        // The other one sees a worker die within one and a half of its periods.
        tokio::time::sleep(lease * 5 / 2).await;
        assert_eq!(store.workers().await.unwrap().len(), 2);
        assert_eq!(other.status(id).await, "working");
    });
}

#[test]
fn a_runtime_that_is_blocked_for_longer_than_a_run_may_take_is_dead() {
    let limits = Limits { default_timeout: seconds(1), ..Limits::default() };
    while_all_is_blocked(Duration::from_millis(200), &limits, async |store, other, id| {
        eventually("the tasks of the blocked process are for others", || {
            store.workers().now_or_never().unwrap().unwrap().len() == 1
        })
        .await;
        assert_eq!(other.until(id, "failed").await["error"]["code"], -32603);
    });
}

/// A clock that a blocking function moves.
#[derive(Clone, Debug)]
struct Blockable(ManualClock, Arc<AtomicU64>);

impl Clock for Blockable {
    fn now(&self) -> Millis {
        self.0.now()
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic() + Duration::from_millis(self.1.load(Ordering::Relaxed))
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        self.0.sleep(duration)
    }
}

#[tokio::test]
async fn a_tool_that_blocks_its_thread_is_told_of_once_a_run() {
    const BLOCKED: &str = "a tool blocked the thread it runs on, and with it other tasks: what blocks belongs in `tokio::task::spawn_blocking`";
    let server = Server::new();
    let passed = Arc::new(AtomicU64::new(0));
    let store = TaskStore::memory().with_clock(Blockable(server.clock.clone(), passed.clone()));
    let builder = TaskRouter::builder().state(server.world.clone()).tool::<Required>().tool::<Plain>();
    let server = Server { router: builder.build(store).unwrap(), ..server };
    for tool in ["plain", "required"] {
        let passed = passed.clone();
        server.world.on(tool, move |arguments, _| {
            let (passed, ms) = (passed.clone(), arguments.given["ms"].as_u64().unwrap());
            async move {
                for _ in 0..3 {
                    passed.fetch_add(ms, Ordering::Relaxed);
                    tokio::task::yield_now().await;
                }
                Ok(ToolResult::default())
            }
        });
    }
    let client = server.v2026("ann");
    let log = Logged::begin();
    client.call("plain", json!({ "ms": 999 })).await.unwrap();
    assert!(log.of(BLOCKED).is_empty());
    client.call("plain", json!({ "ms": 1000 })).await.unwrap();
    let line = log.only(BLOCKED);
    assert_eq!((line.level, line.field("tool"), line.field("ms")), (Level::WARN, "plain", "1000"));
    let log = Logged::begin();
    let created = client.create_with(json!({ "name": "required", "arguments": { "ms": 1500 } })).await.unwrap();
    client.until(&id_of(&created), "completed").await;
    let line = log.only(BLOCKED);
    assert!(line.field("task").contains(&id_of(&created)), "{line:?}");
}
