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
    awaited: HashMap<TaskKey, State>,
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
        let rows = self.db.rows(self.db.sql.look_at_awaited.with(&[&owners, &ids])).await?;
        let states = states(&rows)?;
        for key in keys {
            if states.get(&key) != self.awaited.get(&key) {
                self.follower.hint(key);
            }
        }
        self.awaited = states;
        Ok(())
    }

    /// What the worker runs has changed, or is its own no more; what is queued was not before.
    async fn look_at_others(&mut self) -> Result<()> {
        let me = worker_id(self.follower.me());
        let rows = self.db.rows(self.db.sql.look_at_held.with(&[&me, &QUEUE, &QUEUED])).await?;
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
