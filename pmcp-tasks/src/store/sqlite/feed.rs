//! Learning what other processes changed.

use std::{
    collections::{HashMap, HashSet},
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::Arc,
    thread,
    time::Duration,
};

use rusqlite::Connection;
use tokio::{
    sync::mpsc::{Sender, UnboundedReceiver, error::TrySendError},
    time::{sleep, timeout},
};

use super::{
    db::Db,
    error::{Failure, Result},
    files::Files,
    row::{holder, key},
    schema,
};
use crate::{
    panics::{harmless, told},
    store::backend::{Holder, TaskKey, WorkerId},
};

/// Time between two looks while somebody waits for a task.
const AWAITED: Duration = Duration::from_millis(5);

/// Time between two looks otherwise: for tasks that anybody may claim, and for changes to those the worker runs.
const IDLE: Duration = Duration::from_millis(100);

/// Time it leaves a file alone that could not be opened or read.
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
        self.run_on(schema::open_reader, FAILED);
    }

    /// The same with connections that are opened like this. After a failure or a panic it begins again, a pause later.
    pub(super) fn run_on(self, open: impl Fn(&Path) -> Result<Connection>, pause: Duration) {
        let mut watch = Watch {
            watcher: self,
            seen: None,
            last: None,
            awaited: HashMap::new(),
            pending: HashSet::new(),
            is_told: false,
        };
        while !watch.watcher.hints.is_closed() {
            match catch_unwind(AssertUnwindSafe(|| watch.begin(&open))) {
                Ok(Ok(())) => return,
                Ok(Err(failure)) => watch.tell_once(|| {
                    crate::heard::error!(%failure, "changes by other processes are not watched until the file can be read again");
                }),
                Err(panic) => told(panic, |panic| {
                    watch.tell_once(|| {
                        crate::heard::error!(panic, "watching for changes by other processes panicked and begins again");
                    });
                }),
            }
            watch.note_all();
            thread::sleep(pause);
        }
    }
}

/// A watcher at work.
struct Watch {
    watcher: Watcher,
    /// SQLite's number for the state of the file that was read last, which is the connection's own.
    seen: Option<i64>,
    /// The last change that was read.
    last: Option<i64>,
    /// Number of those who wait for each task.
    awaited: HashMap<TaskKey, usize>,
    /// Hints to send.
    pending: HashSet<TaskKey>,
    /// Set once the log tells that it does not work, until it does.
    is_told: bool,
}

struct Change {
    n: i64,
    key: TaskKey,
    holder: Option<Holder>,
    queued: bool,
    origin: i64,
}

impl Watch {
    /// Opens the file and looks for changes until the feed is dropped.
    fn begin(&mut self, open: impl Fn(&Path) -> Result<Connection>) -> Result<()> {
        let Watcher { files, origin, .. } = &self.watcher;
        let db = Db { connection: open(files.path())?, origin: *origin, files: files.clone() };
        // A runtime of its own, for a wait that ends with the first interest or in time.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.map_err(Failure::file("cannot wait for interests"))?;
        self.seen = None;
        while !self.watcher.hints.is_closed() {
            runtime.block_on(self.wait());
            self.look(&db)?;
            self.is_told = false;
            let hints = &self.watcher.hints;
            self.pending.retain(|key| matches!(hints.try_send(key.clone()), Err(TrySendError::Full(_))));
        }
        Ok(())
    }

    /// Waits until it is time to look again, or for the next interest.
    async fn wait(&mut self) {
        let pause = if self.awaited.is_empty() { IDLE } else { AWAITED };
        match timeout(pause, self.watcher.interests.recv()).await {
            Ok(Some(interest)) => self.note(interest),
            // Nobody will wait for anything in particular any more.
            Ok(None) => sleep(pause).await,
            Err(_) => {}
        }
    }

    fn tell_once(&mut self, tell: impl FnOnce()) {
        if !mem::replace(&mut self.is_told, true) {
            harmless(tell);
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

    fn look(&mut self, db: &Db) -> Result<()> {
        // Changes with every commit of another connection; costs two microseconds.
        let state = db.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        if self.seen == Some(state) {
            return Ok(());
        }
        let Some(mut last) = self.last else {
            let last = db.query_row("SELECT coalesce(max(n), 0) FROM change", [], |row| row.get(0))?;
            (self.seen, self.last) = (Some(state), Some(last));
            // What changed before is not known.
            self.note_all();
            self.pending.extend(self.awaited.keys().cloned());
            return Ok(());
        };
        loop {
            let (changes, end) = changes(db, last)?;
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
        let own = change.origin == self.watcher.origin && Arc::strong_count(&self.watcher.feeds) <= 2;
        let mine = change.holder == Some(Holder::Worker(self.watcher.me));
        !own && (change.queued || mine || self.awaited.contains_key(&change.key))
    }
}

/// The changes after one, and the number of the last.
fn changes(db: &Db, after: i64) -> Result<(Vec<Change>, i64)> {
    let mut changes =
        db.prepare_cached("SELECT owner, id, n, holder, queued, origin FROM change WHERE n > ?1 ORDER BY n LIMIT ?2")?;
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
