//! Tasks that are created and completed in a store, as often as it can.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use measure::Workers;
use pmcp_tasks::{
    store::{
        PostgresBackend, RedisBackend, StorageBackend,
        backend::{Create, Holder, HolderChange, NewTask, Put, Scope, Stamp, TaskKey, WorkerId, WriteId, Written},
    },
    task::{Owner, TaskId},
    time::Millis,
};
use tokio::task::JoinSet;

pub(crate) const NOW: Millis = Millis(1_764_028_800_000);
pub(crate) const ROUND: Duration = Duration::from_millis(400);
pub(crate) const CALLERS: usize = 32;

/// About what the runtime writes for a tool with three arguments.
pub(crate) const HEAD: &[u8] = &[b'h'; 420];
pub(crate) const BODY: &[u8] = &[b'b'; 300];
pub(crate) const RESULT: &[u8] = &[b'r'; 250];

/// An id as random as a real one, so that it lands anywhere in its index.
pub(crate) fn id(n: u64) -> TaskId {
    let mixed = (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    TaskId::from_random((u128::from(mixed ^ mixed >> 29) << 64 | u128::from(n)).to_be_bytes())
}

/// Nanoseconds for each of what was done since.
pub(crate) fn each(since: Instant, count: u32) -> f64 {
    since.elapsed().as_secs_f64() * 1e9 / f64::from(count)
}

/// A store.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    backend: Arc<dyn StorageBackend>,
}

/// The next task of this process. Other processes, and other stores of this one, may use the same service.
static NEXT: AtomicU64 = AtomicU64::new(0);

impl Store {
    pub(crate) fn new(backend: Arc<dyn StorageBackend>) -> Self {
        Self { backend }
    }

    /// The store of a service.
    pub(crate) async fn open(url: &str) -> anyhow::Result<Self> {
        if url.starts_with("redis:") {
            return Ok(Self::new(Arc::new(RedisBackend::connect(url).await?)));
        }
        Ok(Self::new(Arc::new(PostgresBackend::connect(url).await?)))
    }

    /// A create and complete.
    async fn lifecycle(&self, caller: usize) -> anyhow::Result<()> {
        let key = self.create(caller).await?;
        self.complete(&key).await
    }

    pub(crate) async fn create(&self, caller: usize) -> anyhow::Result<TaskKey> {
        let n = (u64::from(std::process::id()) << 32) + NEXT.fetch_add(1, Ordering::Relaxed);
        // Owners of this process's own.
        let subject = format!("{}-{caller}", std::process::id());
        let owner = Owner { subject, ..Owner::local() }.key();
        let new = NewTask {
            key: TaskKey { owner, id: id(n) },
            scope: Some(Scope(owner)),
            stamp: Stamp((NOW.0 << 20) + n),
            expires: NOW.after(Duration::from_hours(1)),
            quota: 100,
            max_bytes: u64::MAX,
            holder: Holder::Worker(WorkerId(1)),
            head: Bytes::from_static(HEAD),
            body: Bytes::from_static(BODY),
            idempotency: None,
            write: WriteId(1),
        };
        anyhow::ensure!(self.backend.create(&new, NOW).await? == Create::Created);
        Ok(new.key)
    }

    pub(crate) async fn complete(&self, key: &TaskKey) -> anyhow::Result<()> {
        let end = Put {
            version: 1,
            fence: Some(1),
            head: Bytes::from_static(HEAD),
            outcome: Some(Bytes::from_static(RESULT)),
            step: None,
            open: false,
            holder: HolderChange::Release,
            write: WriteId(2),
        };
        anyhow::ensure!(self.backend.put(key, &end, NOW).await? == Written::Done { version: 2, fence: 1 });
        Ok(())
    }

    /// As many creates and completes of each of so many concurrent callers; how many that were.
    pub(crate) async fn lifecycles(&self, callers: usize, each: u32) -> anyhow::Result<u32> {
        let mut running = JoinSet::new();
        for caller in 0..callers {
            let store = self.clone();
            running.spawn(async move {
                for _ in 0..each {
                    store.lifecycle(caller).await?;
                }
                anyhow::Ok(each)
            });
        }
        Ok(running.join_all().await.into_iter().collect::<anyhow::Result<Vec<u32>>>()?.into_iter().sum())
    }

    /// The time for each create and complete of so many concurrent callers, in nanoseconds.
    pub(crate) fn lifecycle_of(&self, workers: &Workers, callers: usize) -> anyhow::Result<f64> {
        let store = self.clone();
        workers.run(async move {
            let start = Instant::now();
            let mut running = JoinSet::new();
            for caller in 0..callers {
                let store = store.clone();
                running.spawn(async move {
                    let mut count = 0;
                    while start.elapsed() < ROUND {
                        store.lifecycle(caller).await?;
                        count += 1;
                    }
                    anyhow::Ok(count)
                });
            }
            let counts = running.join_all().await.into_iter().collect::<anyhow::Result<Vec<u32>>>()?;
            Ok(each(start, counts.into_iter().sum()))
        })
    }
}
