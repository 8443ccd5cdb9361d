//! Workers: their beats, and the marks of those declared dead.

use std::time::Duration;

use aws_sdk_dynamodb::types::ReturnValue;

use super::{
    Store, absent,
    error::{Result, corrupt},
    expression::Expression,
    item::{self, Attributes as _, Item},
    key::{self, MARKS},
    table::{Query, Range, Tries, Write},
    wall,
};
use crate::{
    store::backend::{Beat, Holder, Worker, WorkerId},
    time::{Millis, millis},
};

/// Time the marks of a dead worker stay after its burial, in seconds: its process is gone for good by then.
const MARKED: u64 = 90 * 24 * 3600;

/// Word for the log of a worker whose record cannot be read.
const PASSED_OVER: &str = "a corrupt record of a worker is passed over: nobody takes its tasks over";

impl Store {
    pub(super) async fn beat(&self, worker: WorkerId, period: Duration, now: Millis) -> Result<Beat> {
        let key = self.keys.worker(worker);
        let mut tries = Tries::new();
        loop {
            let beat = Expression::new()
                .when("attribute_exists(#pk)")
                .when("attribute_not_exists(#dead)")
                .add("#counter :one")
                .set("#period = :period")
                .set("#clock = :clock")
                .number(":one", 1)
                .number(":period", millis(period))
                .number(":clock", now.0);
            match self.table.update(key.clone(), beat, ReturnValue::UpdatedNew).await? {
                Ok(beaten) => return Ok(Beat::Alive(beaten.natural("counter")?)),
                Err(Some(_)) => return Ok(Beat::Buried),
                Err(None) => {}
            }
            // Its first, unless it was settled.
            let mut first = item::key_of(key.clone());
            let numbers = [("counter", 1), ("period", millis(period)), ("clock", now.0)];
            first.extend(numbers.map(|(name, number)| (name.to_owned(), item::number(number))));
            let writes = vec![Write::Put(first, absent()), Write::Check(self.keys.mark(worker, 0), absent())];
            if self.table.transact(writes).await?.is_ok() {
                return Ok(Beat::Alive(1));
            }
            if self.is_buried(worker).await? {
                return Ok(Beat::Buried);
            }
            tries.pause().await?;
        }
    }

    pub(super) async fn workers(&self) -> Result<Vec<Worker>> {
        let known = self.known_workers().await?;
        let alive = known.iter().filter(|(_, item)| !item.contains_key("dead"));
        let alive = alive.filter_map(|(id, item)| self.readable(item, read_worker(*id, item), PASSED_OVER));
        Ok(alive.collect())
    }

    pub(super) async fn buried(&self) -> Result<Vec<WorkerId>> {
        let known = self.known_workers().await?;
        Ok(known.into_iter().filter(|(_, item)| item.contains_key("dead")).map(|(id, _)| id).collect())
    }

    /// The living workers and the dead that were not settled.
    async fn known_workers(&self) -> Result<Vec<(WorkerId, Item)>> {
        let items = self.table.query(Query::of(self.keys.workers(), Range::All)).await?;
        let id = |item: &Item| {
            key::read_worker(item.text("sk")?)
                .ok_or_else(|| corrupt("a worker", "its id has another form than was written"))
        };
        let known = |item: Item| Some((self.readable(&item, id(&item), PASSED_OVER)?, item));
        Ok(items.into_iter().filter_map(known).collect())
    }

    pub(super) async fn bury(&self, worker: WorkerId, seen: u64) -> Result<bool> {
        let mut tries = Tries::new();
        loop {
            let Some(known) = self.table.get(self.keys.worker(worker)).await? else {
                return self.is_buried(worker).await;
            };
            if known.contains_key("dead") {
                return Ok(true);
            }
            if known.natural("counter")? != seen {
                return Ok(false);
            }
            let dies = Expression::new()
                .when("#counter = :seen")
                .when("attribute_not_exists(#dead)")
                .set("#dead = :yes")
                .number(":seen", seen)
                .number(":yes", 1);
            let mut writes = vec![Write::Update(self.keys.worker(worker), dies)];
            let marks = (0..MARKS).map(|n| item::item(self.keys.mark(worker, n), wall() + MARKED));
            writes.extend(marks.map(|mark| Write::Put(mark, Expression::new())));
            if self.table.transact(writes).await?.is_ok() {
                return Ok(true);
            }
            tries.pause().await?;
        }
    }

    /// Tells whether others declared a worker dead.
    pub(super) async fn is_buried(&self, worker: WorkerId) -> Result<bool> {
        Ok(self.table.get(self.keys.mark(worker, 0)).await?.is_some())
    }

    pub(super) async fn settle(&self, worker: WorkerId) -> Result<()> {
        // No task comes to it any more. Expired or not: by the clock of another worker it may not have.
        if self.held(Holder::Worker(worker), None, 1).await?.is_empty() {
            let is_dead = Expression::new().when("attribute_exists(#dead)");
            self.table.delete(self.keys.worker(worker), &is_dead).await?;
        }
        Ok(())
    }
}

fn read_worker(id: WorkerId, item: &Item) -> Result<Worker> {
    Ok(Worker {
        id,
        counter: item.natural("counter")?,
        period: Duration::from_millis(item.natural("period")?),
        clock: Millis(item.natural("clock")?),
    })
}
