//! Telling other processes what changed.

use super::{db::Db, error::Result, row::holder_bytes};
use crate::store::backend::{Holder, TaskKey};

/// Number of changes that are kept at least: who is further behind looks at everything it waits for.
const KEPT: i64 = 4096;

/// Old changes are removed at every so many new ones.
const PRUNED: i64 = 512;

impl Db {
    /// Notes a change that another process may be waiting for. `holder` runs the task and did not make the change.
    pub(super) fn tell(&self, key: &TaskKey, holder: Option<Holder>, queued: bool) -> Result<()> {
        let holder = holder.filter(|holder| *holder != Holder::Queue).map(holder_bytes);
        self.prepare_cached("INSERT INTO change (owner, id, holder, queued, origin) VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute((key.owner.0, key.id.as_bytes(), holder, queued, self.origin))?;
        let n = self.last_insert_rowid();
        if n % PRUNED == 0 {
            self.prepare_cached("DELETE FROM change WHERE n <= ?1")?.execute([n - KEPT])?;
        }
        Ok(())
    }
}
