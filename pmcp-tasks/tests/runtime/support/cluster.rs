//! Processes that share a store.

use std::sync::{Arc, Mutex};

use pmcp_tasks::{
    TaskContext, ToolError, ToolResult,
    router::TaskRouterBuilder,
    store::{MemoryBackend, StorageBackend as _, backend::WorkerId},
    testing::ManualClock,
};
use tokio_util::sync::CancellationToken;

use super::{Connection, Restarting, Server, Shared, World, seconds};

/// In seconds; others look four times as often.
pub(crate) const LEASE: u64 = 4;

/// A store and what happened to the processes that share it.
pub(crate) struct Cluster {
    pub(crate) store: Arc<MemoryBackend>,
    pub(crate) clock: ManualClock,
    pub(crate) log: Log,
}

/// What the code of all processes did, in order.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(crate) fn add(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    /// What a step does.
    #[expect(clippy::unnecessary_wraps, reason = "steps can fail")]
    pub(crate) fn effect(&self, line: impl Into<String>) -> Result<(), ToolError> {
        self.add(line);
        Ok(())
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Cluster {
    pub(crate) fn new() -> Self {
        Self { store: Arc::new(MemoryBackend::new()), clock: ManualClock::new(), log: Log::default() }
    }

    /// A process that keeps no house: nobody renews its lease, as if it were dead, though what it runs goes on.
    pub(crate) fn dead(&self) -> Server {
        self.over(&Connection::to(&self.store), |router| router)
    }

    pub(crate) fn alive(&self) -> Server {
        let server = self.dead();
        server.router.keep_house();
        server
    }

    pub(crate) fn over(
        &self,
        connection: &Connection,
        settings: impl FnOnce(TaskRouterBuilder<World>) -> TaskRouterBuilder<World>,
    ) -> Server {
        Server::on_clock(self.clock.clone(), connection.clone(), |router| {
            settings(router.tool::<Restarting>().lease(seconds(LEASE)))
        })
    }

    pub(crate) fn with(&self, settings: impl FnOnce(TaskRouterBuilder<World>) -> TaskRouterBuilder<World>) -> Server {
        let server = self.over(&Connection::to(&self.store), settings);
        server.router.keep_house();
        server
    }

    /// Looks often enough to find a worker dead, and to claim its tasks.
    pub(crate) async fn two_periods(&self) {
        self.clock.advance(seconds(2 * LEASE)).await;
    }

    pub(crate) async fn workers(&self) -> Vec<WorkerId> {
        self.store.workers().await.unwrap().into_iter().map(|worker| worker.id).collect()
    }

    pub(crate) async fn bury(&self, worker: WorkerId) {
        let counter = self.store.workers().await.unwrap().into_iter().find(|one| one.id == worker).unwrap().counter;
        assert!(self.store.bury(&worker, counter).await.unwrap());
    }
}

/// Makes the tool tell which attempt runs where, wait for the gate, and tell how it ended.
pub(crate) fn gated(server: &Server, tool: &'static str, name: &'static str, log: &Log) -> CancellationToken {
    let (gate, log) = (CancellationToken::new(), log.clone());
    let open = gate.clone();
    server.world.on(tool, move |_, cx| {
        let (gate, log) = (open.clone(), log.clone());
        async move {
            let task: TaskContext<Shared> = cx.task();
            log.add(format!("{name} begins attempt {}", task.attempt()));
            tokio::select! {
                () = gate.cancelled() => Ok(ToolResult::text(name)),
                () = task.cancellation().cancelled() => {
                    log.add(format!("{name} is cancelled"));
                    task.check_cancelled()?;
                    Ok(ToolResult::default())
                }
            }
        }
    });
    gate
}
