//! Tasks in a SQLite file.

mod change;
mod create;
mod db;
mod error;
mod feed;
mod file;
mod files;
mod list;
mod path;
mod reader;
mod remove;
mod row;
mod schema;
mod seen;
mod taken;
#[cfg(test)]
mod tests;
mod workers;
mod write;
mod writer;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

use async_trait::async_trait;
use tokio::sync::oneshot;

use self::{
    db::{Db, Options},
    error::{Failure, NAME},
    feed::Watcher,
    file::Location,
    files::Files,
    reader::{Query, Reader},
    writer::{Job, Write, Writer},
};
use super::{
    Missing, StorageBackend, StoreError,
    backend::{
        Beat, Capabilities, Claim, Create, Feed, Holder, Merge, Merged, NewTask, Page, Parts, Position, Put, Recorded,
        Result, Scope, Step, StoredTask, TaskKey, Worker, WorkerId, Written,
    },
    part,
};
use crate::time::Millis;

/// The largest part it stores: 64 MiB.
const MAX_PART: u32 = 64 << 20;

/// Number of tasks one transaction of a sweep removes, so that others get their turn in between.
const SWEPT: u16 = 100;

/// Number of hints that may wait to be taken.
const HINTS: usize = 256;

/// Keeps tasks in a SQLite file: what was answered survives the end of the process and a power failure.
///
/// Several processes of one machine may share the file, on a local disk: a network file system has neither the locks nor
/// the shared memory this needs. Beside the file are the log (`-wal`, `-shm`), where the latest tasks are until they are
/// copied into it, and the files processes take turns by (`-lock`, `-wait`).
///
/// A change that another process made and somebody waits for is seen within about 5 ms: that often a thread looks at a
/// number in shared memory, for as long as anybody waits.
///
/// New files are readable and writable by their user alone. Once one of them is deleted, replaced or cut while the store is
/// open, everything is refused until it is opened again: nothing is acknowledged that would not be found then.
///
/// Operations never block the runtime: one thread writes, a few read. A process that is stopped (`SIGSTOP`) while it
/// writes keeps all others from writing until it goes on or ends.
///
/// ```
/// use pmcp_tasks::store::{SqliteBackend, StorageBackend as _};
///
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("tasks.db");
/// # pmcp_tasks::testing::block_on(async {
/// let backend = SqliteBackend::open(path).await?;
/// assert_eq!(backend.capabilities().name, "sqlite");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub struct SqliteBackend {
    jobs: mpsc::Sender<Box<dyn Job>>,
    queries: mpsc::Sender<Query>,
    files: Arc<Files>,
    origin: i64,
    feeds: Arc<()>,
}

impl SqliteBackend {
    /// Opens the file, which is made if there is none; its directory must exist. A file of an older build is migrated. Another
    /// process that holds the lock is waited for; after a second the log tells it.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if the file cannot be made or written, has two names (hard links), belongs to another
    /// program or was written by a newer build; [`StoreError::Corrupt`] if it is no database.
    pub async fn open(path: impl Into<PathBuf> + Send) -> Result<Self> {
        Self::open_with(path.into(), Options::default()).await
    }

    /// The same, where a store that is missing may be refused.
    pub(in crate::store) async fn open_at(path: &str, missing: Missing) -> Result<Self> {
        Self::open_with(path.into(), Options { missing, ..Options::default() }).await
    }

    async fn open_with(path: PathBuf, options: Options) -> Result<Self> {
        let mut origin = [0; 8];
        getrandom::fill(&mut origin)
            .map_err(|source| StoreError::Unavailable { backend: NAME, source: Box::new(source) })?;
        let origin = i64::from_ne_bytes(origin);
        let (jobs, waiting_jobs) = mpsc::channel();
        let (queries, waiting_queries) = mpsc::channel();
        let (opened, mut answer) = oneshot::channel();
        let (_opening, late) = after(options.late)?;
        let file = path.clone();
        spawn("pmcp-sqlite-write", move || match start(&path, &options, origin, waiting_queries) {
            Ok(writer) => {
                // Who opened may have gone away, and its end of the queue with it.
                let _ = opened.send(Ok(writer.db.files.clone()));
                writer.run(&waiting_jobs);
            }
            Err(failure) => drop(opened.send(Err(failure))),
        })?;
        let opened = tokio::select! {
            biased;
            opened = &mut answer => opened,
            Ok(()) = late => {
                let file = file.display();
                tracing::warn!(%file, "the task store is not open yet: most likely another process holds its lock; it is waited for");
                answer.await
            }
        };
        let files = opened.unwrap_or(Err(Failure::Stopped))?;
        Ok(Self { jobs, queries, files, origin, feeds: Arc::new(()) })
    }

    /// Has the writer do something in a transaction, perhaps more than once.
    async fn write<T: Send + 'static>(
        &self,
        operation: impl FnMut(&Db) -> error::Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Box::new(Write { operation, answer: None, reply })).map_err(|_| Failure::Stopped)?;
        Ok(answer.await.unwrap_or(Err(Failure::Stopped))?)
    }

    /// Returns a watcher that tells a worker of what others change.
    fn watcher(
        &self,
        me: WorkerId,
        hints: tokio::sync::mpsc::Sender<TaskKey>,
        interests: tokio::sync::mpsc::UnboundedReceiver<(TaskKey, bool)>,
    ) -> Watcher {
        let (files, feeds) = (self.files.clone(), self.feeds.clone());
        Watcher { files, origin: self.origin, me, hints, interests, feeds }
    }

    /// Has a reader do something in a snapshot.
    async fn read<T: Send + 'static>(&self, query: impl FnOnce(&Db) -> error::Result<T> + Send + 'static) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        // Who asked may have gone away.
        let query: Query = Box::new(move |reader| drop(reply.send(reader.read(query))));
        self.queries.send(query).map_err(|_| Failure::Stopped)?;
        Ok(answer.await.unwrap_or(Err(Failure::Stopped))?)
    }
}

/// Something that happens after a time, unless the other end is dropped before. Needs no runtime that has timers.
fn after(time: Duration) -> error::Result<(mpsc::Sender<()>, oneshot::Receiver<()>)> {
    let (waiter, waiting) = mpsc::channel();
    let (late, is_late) = oneshot::channel();
    spawn("pmcp-sqlite-late", move || {
        if waiting.recv_timeout(time) == Err(mpsc::RecvTimeoutError::Timeout) {
            // Nobody may wait any more.
            let _ = late.send(());
        }
    })?;
    Ok((waiter, is_late))
}

/// Opens the file, brings it up to date and starts the readers.
fn start(path: &Path, options: &Options, origin: i64, queries: mpsc::Receiver<Query>) -> error::Result<Writer> {
    if options.missing == Missing::Refused {
        path::find(path)?;
    }
    let location = Location::new(path)?;
    let lock = location.lock()?;
    if options.missing == Missing::Made {
        path::make(location.path())?;
    }
    let cannot_open = |failure| Failure::open(location.path(), failure);
    let connection = schema::open(location.path(), options).map_err(cannot_open)?;
    let files = Arc::new(Files::of(&location, &connection)?);
    drop(lock);
    let queries = Arc::new(Mutex::new(queries));
    let readers = thread::available_parallelism().map_or(2, |cores| cores.get().clamp(2, 4));
    for _ in 0..readers {
        let connection = schema::open_reader(location.path()).map_err(cannot_open)?;
        let reader = Reader { db: Db { connection, origin, files: files.clone() } };
        let queries = queries.clone();
        spawn("pmcp-sqlite-read", move || reader.run(&queries))?;
    }
    Ok(Writer { db: Db { connection, origin, files }, location })
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> error::Result<()> {
    let thread = thread::Builder::new().name(name.to_owned()).spawn(run);
    thread.map(drop).map_err(Failure::file("cannot start a thread"))
}

impl fmt::Debug for SqliteBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteBackend").field("path", &self.files.path()).finish_non_exhaustive()
    }
}

#[async_trait]
impl StorageBackend for SqliteBackend {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: NAME,
            max_part: MAX_PART,
            shared: true,
            durability: "survives power loss: every commit is synced".to_owned(),
        }
    }

    async fn create(&self, new: &NewTask, now: Millis) -> Result<Create> {
        part::check_sizes(NAME, MAX_PART, [&new.head, &new.body])?;
        let new = new.clone();
        self.write(move |db| db.create(&new, now)).await
    }

    async fn get(&self, key: &TaskKey, parts: Parts, now: Millis) -> Result<Option<StoredTask>> {
        let key = key.clone();
        self.read(move |db| db.get(&key, parts, now)).await
    }

    async fn put(&self, key: &TaskKey, put: &Put, now: Millis) -> Result<Written> {
        part::check_sizes(NAME, MAX_PART, part::of_put(put))?;
        let (key, put) = (key.clone(), put.clone());
        self.write(move |db| db.put(&key, &put, now)).await
    }

    async fn merge(&self, key: &TaskKey, merge: &Merge, now: Millis) -> Result<Merged> {
        part::check_sizes(NAME, MAX_PART, part::values(&merge.ops))?;
        let (key, merge) = (key.clone(), merge.clone());
        self.write(move |db| db.merge(&key, &merge, now)).await
    }

    async fn record(&self, key: &TaskKey, step: &Step, now: Millis) -> Result<Recorded> {
        part::check_sizes(NAME, MAX_PART, [&step.value].into_iter().chain(part::values(&step.changes)))?;
        let (key, step) = (key.clone(), step.clone());
        self.write(move |db| db.record(&key, &step, now)).await
    }

    async fn delete(&self, key: &TaskKey) -> Result<bool> {
        let key = key.clone();
        self.write(move |db| db.delete(&key)).await
    }

    async fn page(&self, scope: &Scope, before: Option<&Position>, n: u16, now: Millis) -> Result<Page> {
        let (scope, before) = (*scope, before.copied());
        self.read(move |db| db.page(scope, before.as_ref(), n, now)).await
    }

    async fn claim(&self, from: &Holder, to: &WorkerId, n: u16, now: Millis) -> Result<Claim> {
        let (from, to) = (*from, *to);
        self.write(move |db| db.claim(from, to, n, now)).await
    }

    async fn held(&self, by: &Holder, after: Option<&TaskKey>, n: u16) -> Result<Vec<TaskKey>> {
        let (by, after) = (*by, after.cloned());
        self.read(move |db| db.held(by, after.as_ref(), n)).await
    }

    async fn beat(&self, worker: &WorkerId, period: Duration, now: Millis) -> Result<Beat> {
        let worker = *worker;
        self.write(move |db| db.beat(worker, period, now)).await
    }

    async fn workers(&self) -> Result<Vec<Worker>> {
        self.read(Db::workers).await
    }

    async fn bury(&self, worker: &WorkerId, seen: u64) -> Result<bool> {
        let worker = *worker;
        self.write(move |db| db.bury(worker, seen)).await
    }

    async fn buried(&self) -> Result<Vec<WorkerId>> {
        self.read(Db::buried).await
    }

    async fn settle(&self, worker: &WorkerId) -> Result<()> {
        let worker = *worker;
        self.write(move |db| db.settle(worker)).await
    }

    async fn sweep(&self, n: u16, now: Millis) -> Result<u16> {
        let mut removed = 0;
        loop {
            let due = (n - removed).min(SWEPT);
            let swept = self.write(move |db| db.sweep(due, now)).await?;
            removed += swept;
            if swept < due || removed == n {
                return Ok(removed);
            }
        }
    }

    fn feed(&self, me: &WorkerId) -> Option<Feed> {
        let (send_hint, hints) = tokio::sync::mpsc::channel(HINTS);
        let (interest, interests) = tokio::sync::mpsc::unbounded_channel();
        let watcher = self.watcher(*me, send_hint, interests);
        match spawn("pmcp-sqlite-watch", move || watcher.run()) {
            Ok(()) => Some(Feed { hints, interest }),
            Err(failure) => {
                crate::heard::error!(%failure, "changes by other processes are not watched");
                None
            }
        }
    }
}
