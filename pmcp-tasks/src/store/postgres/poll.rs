//! Looking for changes where notifications are not delivered: behind a pooler of transactions.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use tokio::time::Instant;
use tokio_postgres::Row;
use uuid::Uuid;

use super::{
    db::Db,
    error::Result,
    feed::Follower,
    keys::{QUEUE, task_id, worker_id},
    row::key,
};
use crate::store::backend::TaskKey;

/// Time between two looks at what somebody waits for.
const AWAITED: Duration = Duration::from_millis(10);

/// Time between two looks at what the worker runs, and at what anybody may claim.
const OTHERS: Duration = Duration::from_millis(200);

/// Time after a failure before it looks again.
const FAILED: Duration = Duration::from_secs(1);

/// Number of queued tasks that are looked at.
const QUEUED: i64 = 16;

/// Version of the head, last write of the variables.
type State = (i64, Option<Uuid>);

/// A poll at work.
struct Poll {
    db: Arc<Db>,
    follower: Follower,
    /// States at the last look; none where there was no such task.
    awaited: HashMap<TaskKey, Option<State>>,
    held: HashMap<TaskKey, State>,
}

/// Looks for changes until the feed is dropped.
pub(super) async fn run(follower: Follower, db: Arc<Db>) {
    let mut poll = Poll { db, follower, awaited: HashMap::new(), held: HashMap::new() };
    let mut others_at = Instant::now();
    let mut pause = AWAITED;
    let mut is_told = false;
    while poll.follower.pause(pause).await {
        let mut looked = poll.look_at_awaited().await;
        if looked.is_ok() && others_at <= Instant::now() {
            others_at = Instant::now() + OTHERS;
            looked = poll.look_at_others().await;
        }
        poll.follower.send();
        pause = match looked {
            Ok(()) => {
                is_told = false;
                AWAITED
            }
            Err(failure) => {
                if !std::mem::replace(&mut is_told, true) {
                    crate::heard::warn!(%failure, "changes by other processes are not seen until the server can be reached again");
                }
                FAILED
            }
        };
    }
}

impl Poll {
    /// The first look at a task hints at it: it may have changed before.
    async fn look_at_awaited(&mut self) -> Result<()> {
        let keys: Vec<TaskKey> = self.follower.awaited().cloned().collect();
        if keys.is_empty() {
            self.awaited.clear();
            return Ok(());
        }
        let owners: Vec<&[u8]> = keys.iter().map(|key| &key.owner.0[..]).collect();
        let ids: Vec<Uuid> = keys.iter().map(task_id).collect();
        let rows = self.db.in_time(self.db.rows(self.db.sql.look_at_awaited.with(&[&owners, &ids]))).await?;
        let mut states = states(&rows)?;
        let mut awaited = HashMap::with_capacity(keys.len());
        for key in keys {
            let state = states.remove(&key);
            if self.awaited.get(&key) != Some(&state) {
                self.follower.hint(key.clone());
            }
            awaited.insert(key, state);
        }
        self.awaited = awaited;
        Ok(())
    }

    /// Hints at tasks of the worker that changed or are its own no more, and at queued ones that were not before.
    async fn look_at_others(&mut self) -> Result<()> {
        let me = worker_id(self.follower.me());
        let rows = self.db.in_time(self.db.rows(self.db.sql.look_at_held.with(&[&me, &QUEUE, &QUEUED]))).await?;
        let states = states(&rows)?;
        let changed = states.iter().filter(|(key, state)| self.held.get(*key) != Some(*state)).map(|(key, _)| key);
        let gone = self.held.keys().filter(|key| !states.contains_key(*key));
        let news: HashSet<TaskKey> = changed.chain(gone).cloned().collect();
        for key in news {
            self.follower.hint(key);
        }
        self.held = states;
        Ok(())
    }
}

fn states(rows: &[Row]) -> Result<HashMap<TaskKey, State>> {
    let state = |row: &Row| Ok((key(row, 0, 1)?, (row.try_get(2)?, row.try_get(3)?)));
    rows.iter().map(state).collect()
}
