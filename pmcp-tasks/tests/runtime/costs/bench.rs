//! Servers on a store that counts, and a tool that does one thing at a time.

use std::{path::Path, pin::Pin, sync::Arc, time::Duration};

use pmcp_tasks::{
    Limits, TaskContext, ToolError, ToolResult,
    router::TaskRouterBuilder,
    store::{MemoryBackend, SqliteBackend, StorageBackend},
    testing::ManualClock,
};
use tempfile::TempDir;
use tokio::sync::{Mutex, mpsc, oneshot};

use crate::support::*;

/// A store to count on.
pub(super) struct Store {
    backend: Arc<dyn StorageBackend>,
    /// Where it is a file: where that is.
    directory: Option<TempDir>,
}

impl Store {
    /// A store that does not tell what it commits.
    pub(super) fn of(backend: impl StorageBackend) -> Self {
        Self { backend: Arc::new(backend), directory: None }
    }

    pub(super) fn memory() -> Self {
        Self::of(MemoryBackend::new())
    }

    pub(super) async fn sqlite() -> Self {
        // Commits are counted, not waited for: in memory where that is possible, since a busy disk takes its time.
        let directory = TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap();
        let backend = SqliteBackend::open(directory.path().join("tasks.db")).await.unwrap();
        Self { directory: Some(directory), ..Self::of(backend) }
    }

    /// How many commits there were, as far as the store tells.
    fn commits(&self) -> Option<usize> {
        let directory = self.directory.as_ref()?;
        Some(commits_in_log(&directory.path().join("tasks.db-wal")))
    }
}

/// The commits in a write-ahead log ("WAL File Format"): frames that tell the size of the database after them.
fn commits_in_log(path: &Path) -> usize {
    let log = std::fs::read(path).unwrap();
    let number = |at: usize| u32::from_be_bytes(log[at..at + 4].try_into().unwrap());
    let (page_size, salts) = (number(8) as usize, &log[16..24]);
    let frames = log[32..].chunks_exact(24 + page_size);
    // Nothing was copied into the database, which would begin the log anew and change the salts.
    assert!(frames.clone().all(|frame| frame[8..16] == *salts), "the log is too long to be counted");
    frames.filter(|frame| frame[4..8] != [0; 4]).count()
}

/// How often a worker looks at the others.
const LOOK: Duration = Duration::from_millis(1000 * LEASE / LOOKS as u64);

/// Looks in a lease period.
pub(super) const LOOKS: u32 = 4;

type Act = Box<dyn FnOnce(TaskContext<Shared>) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// A server whose tool `counted` does what it is told, and who counts what that asks of the store.
pub(super) struct Bench {
    pub(super) server: Server,
    pub(super) clock: ManualClock,
    store: Arc<Store>,
    counting: CountingBackend,
    /// What the function does next; `None`: it returns.
    acts: mpsc::UnboundedSender<Option<Act>>,
}

/// How many tasks a page of a list has.
pub(super) const PAGE: usize = 2;

impl Bench {
    /// A server that has run before, more tasks than a page holds.
    pub(super) async fn new(store: Store) -> Self {
        let bench = Self::over(Arc::new(store), ManualClock::new(), |router| router);
        for _ in 0..=2 * PAGE {
            let client = bench.server.v2026("ann");
            let id = client.start("required").await;
            client.until(&id, "completed").await;
        }
        bench
    }

    /// A client of each revision, the earlier one without a session that would be told of the tasks.
    pub(super) fn clients(&self) -> [Client; 2] {
        let mut old = self.server.v2025("ann");
        old.cx.session = None;
        [old, self.server.v2026("ann")]
    }

    /// Another process on the same store.
    pub(super) async fn another(
        &self,
        settings: impl FnOnce(TaskRouterBuilder<World>) -> TaskRouterBuilder<World>,
    ) -> Self {
        let other = Self::over(self.store.clone(), self.clock.clone(), settings);
        other.counting.quiet().await;
        other
    }

    fn over(
        store: Arc<Store>,
        clock: ManualClock,
        settings: impl FnOnce(TaskRouterBuilder<World>) -> TaskRouterBuilder<World>,
    ) -> Self {
        let counting = CountingBackend::to(store.backend.clone());
        let limits = Limits { page_size: u16::try_from(PAGE).unwrap(), tasks_per_owner: 3, ..Limits::default() };
        let server = Server::on_clock(clock.clone(), counting.clone(), |router| {
            settings(router.tool::<Counted>().limits(limits).lease(seconds(LEASE)))
        });
        let (acts, turns) = mpsc::unbounded_channel::<Option<Act>>();
        let turns = Arc::new(Mutex::new(turns));
        server.world.on("counted", move |_, cx| {
            let turns = turns.clone();
            async move {
                let task: TaskContext<Shared> = cx.task();
                loop {
                    let act = tokio::select! {
                        // What is left to do is for the next task.
                        biased;
                        () = task.cancellation().cancelled() => return Err(pmcp_tasks::ToolError::cancelled()),
                        act = async { turns.lock().await.recv().await } => act,
                    };
                    match act.flatten() {
                        Some(act) => act(task.clone()).await,
                        None => return Ok(ToolResult::text("done")),
                    }
                }
            }
        });
        Self { server, clock, store, counting, acts }
    }

    /// Does what a serving process does in the background.
    pub(super) async fn keep_house(&self) {
        self.server.router.keep_house();
        self.counting.quiet().await;
    }

    /// Moves the clock by so many looks of a worker, and waits at each until it is over.
    pub(super) async fn looks(&self, count: u32) {
        for _ in 0..count {
            self.clock.advance(LOOK).await;
            self.counting.quiet().await;
        }
    }

    /// The function of the task goes on with this; what comes of it.
    pub(super) async fn inside<T, F>(&self, act: impl FnOnce(TaskContext<Shared>) -> F + Send + 'static) -> T
    where
        T: Send + 'static,
        F: Future<Output = Result<T, ToolError>> + Send + 'static,
    {
        self.begin(act).await.unwrap().unwrap()
    }

    /// The same without waiting for it.
    pub(super) fn begin<T, F>(
        &self,
        act: impl FnOnce(TaskContext<Shared>) -> F + Send + 'static,
    ) -> oneshot::Receiver<Result<T, ToolError>>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, ToolError>> + Send + 'static,
    {
        let (sender, done) = oneshot::channel();
        let act: Act = Box::new(|task| {
            Box::pin(async move {
                drop(sender.send(act(task).await));
            })
        });
        assert!(self.acts.send(Some(act)).is_ok());
        done
    }

    /// The function of the task returns.
    pub(super) fn finish(&self) {
        assert!(self.acts.send(None).is_ok());
    }

    /// Does something and everything that follows from it, and checks which operations of the store that took here, and how
    /// many commits in all.
    pub(super) async fn costs<T>(&self, operations: &str, commits: usize, what: impl Future<Output = T>) -> T {
        self.counted(operations, commits, Box::pin(what), |_| true).await
    }

    /// The same of something that waits for a task: how often it is read depends on how fast the store is.
    pub(super) async fn costs_beside_waiting<T>(
        &self,
        operations: &str,
        commits: usize,
        what: impl Future<Output = T>,
    ) -> T {
        self.counted(operations, commits, Box::pin(what), |operation| operation != "get").await
    }

    async fn counted<T>(
        &self,
        operations: &str,
        commits: usize,
        what: impl Future<Output = T>,
        counts: impl Fn(&str) -> bool,
    ) -> T {
        self.counting.quiet().await;
        self.counting.take();
        let before = self.store.commits();
        let done = what.await;
        self.counting.quiet().await;
        let asked = self.counting.take();
        let asked: Vec<_> = asked.split(' ').filter(|operation| counts(operation)).collect();
        assert_eq!(asked.join(" "), operations);
        if let (Some(before), Some(after)) = (before, self.store.commits()) {
            assert_eq!(after - before, commits, "commits of `{operations}`");
        }
        done
    }
}
