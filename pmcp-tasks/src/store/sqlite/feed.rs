//! Learning what other processes changed.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::mpsc::{Sender, UnboundedReceiver, error::TrySendError},
    time::{sleep, timeout},
};

use super::{
    db::Db,
    error::Result,
    files::Files,
    row::{holder, key},
    schema,
};
use crate::store::backend::{Holder, TaskKey, WorkerId};

/// Time between two looks while somebody waits for a task.
const AWAITED: Duration = Duration::from_millis(5);

/// Time between two looks otherwise: for tasks that anybody may claim, and for changes to those the worker runs.
const IDLE: Duration = Duration::from_millis(100);

/// Time it leaves a file alone that could not be read.
const FAILED: Duration = Duration::from_secs(1);

/// Number of changes that are read at once.
const BATCH: u16 = 1000;

/// Watcher, by what it is told.
pub(super) struct Watcher {
    pub(super) files: Arc<Files>,
    pub(super) origin: i64,
    pub(super) me: WorkerId,
    pub(super) hints: Sender<TaskKey>,
    pub(super) interests: UnboundedReceiver<(TaskKey, bool)>,
    /// Shared by the backend and all its watchers.
    pub(super) feeds: Arc<()>,
}

impl Watcher {
    /// Looks for changes until the feed is dropped. Has a thread of its own: it reads the file.
    pub(super) fn run(self) {
        let connection = match schema::open_reader(self.files.path()) {
            Ok(connection) => connection,
            Err(failure) => return crate::heard::error!(%failure, "changes by other processes are not watched"),
        };
        // A runtime of its own, for a wait that ends with the first interest or in time.
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_time().build() {
            Ok(runtime) => runtime,
            Err(error) => return crate::heard::error!(%error, "changes by other processes are not watched"),
        };
        let db = Db { connection, origin: self.origin, files: self.files.clone() };
        let watch =
            Watch { watcher: self, db, seen: None, last: None, awaited: HashMap::new(), pending: HashSet::new() };
        runtime.block_on(watch.run());
    }
}

/// A watcher at work.
struct Watch {
    watcher: Watcher,
    db: Db,
    /// SQLite's number for the state of the file that was read last.
    seen: Option<i64>,
    /// The last change that was read.
    last: Option<i64>,
    /// Number of those who wait for each task.
    awaited: HashMap<TaskKey, usize>,
    /// Hints to send.
    pending: HashSet<TaskKey>,
}

struct Change {
    n: i64,
    key: TaskKey,
    holder: Option<Holder>,
    queued: bool,
    origin: i64,
}

impl Watch {
    async fn run(mut self) {
        let mut failed = false;
        while !self.watcher.hints.is_closed() {
            let pause = match (failed, self.awaited.is_empty()) {
                (true, _) => FAILED,
                (false, true) => IDLE,
                (false, false) => AWAITED,
            };
            match timeout(pause, self.watcher.interests.recv()).await {
                Ok(Some(interest)) => self.note(interest),
                // Nobody will wait for anything in particular any more.
                Ok(None) => sleep(pause).await,
                Err(_) => {}
            }
            match self.look() {
                Ok(()) => failed = false,
                Err(failure) => {
                    if !failed {
                        tracing::warn!(%failure, "changes by other processes cannot be read");
                    }
                    failed = true;
                }
            }
            let hints = &self.watcher.hints;
            self.pending.retain(|key| matches!(hints.try_send(key.clone()), Err(TrySendError::Full(_))));
        }
    }

    fn note(&mut self, (key, waits): (TaskKey, bool)) {
        if waits {
            *self.awaited.entry(key).or_default() += 1;
        } else if let Some(count) = self.awaited.get_mut(&key) {
            *count -= 1;
            if *count == 0 {
                self.awaited.remove(&key);
            }
        }
    }

    /// Takes the interests that were told until now. Whoever waits for a change has told before it is made, so that this
    /// comes after reading changes and before looking who waits for them.
    fn note_all(&mut self) {
        while let Ok(interest) = self.watcher.interests.try_recv() {
            self.note(interest);
        }
    }

    fn look(&mut self) -> Result<()> {
        // Changes with every commit of another connection; costs two microseconds.
        let state = self.db.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        if self.seen == Some(state) {
            return Ok(());
        }
        let Some(mut last) = self.last else {
            let last = self.db.query_row("SELECT coalesce(max(n), 0) FROM change", [], |row| row.get(0))?;
            (self.seen, self.last) = (Some(state), Some(last));
            // What changed before is not known.
            self.note_all();
            self.pending.extend(self.awaited.keys().cloned());
            return Ok(());
        };
        loop {
            let (changes, end) = self.changes(last)?;
            let missed = changes.first().is_some_and(|change| change.n > last + 1);
            self.note_all();
            if missed {
                self.pending.extend(self.awaited.keys().cloned());
            }
            let count = changes.len();
            for change in changes {
                if self.concerns(&change) {
                    self.pending.insert(change.key);
                }
            }
            self.last = Some(end);
            last = end;
            if count < usize::from(BATCH) {
                self.seen = Some(state);
                return Ok(());
            }
        }
    }

    fn concerns(&self, change: &Change) -> bool {
        // The backend, its only watcher: who made the change knows of it.
        let own = change.origin == self.db.origin && Arc::strong_count(&self.watcher.feeds) <= 2;
        let mine = change.holder == Some(Holder::Worker(self.watcher.me));
        !own && (change.queued || mine || self.awaited.contains_key(&change.key))
    }

    /// The changes after one, and the number of the last.
    fn changes(&self, after: i64) -> Result<(Vec<Change>, i64)> {
        let mut changes = self.db.prepare_cached(
            "SELECT owner, id, n, holder, queued, origin FROM change WHERE n > ?1 ORDER BY n LIMIT ?2",
        )?;
        let mut rows = changes.query((after, BATCH))?;
        let (mut found, mut last) = (Vec::new(), after);
        while let Some(row) = rows.next()? {
            last = row.get(2)?;
            found.push(Change {
                n: last,
                key: key(row, 0, 1)?,
                holder: row.get::<_, Option<Vec<u8>>>(3)?.map(|bytes| holder(&bytes)).transpose()?,
                queued: row.get(4)?,
                origin: row.get(5)?,
            });
        }
        Ok((found, last))
    }
}
