//! Claiming: a transaction a task, some at a time.

use futures_util::{StreamExt as _, stream};

use super::{
    Store,
    error::{Failure, Result},
    expression::Expression,
    head::Head,
    item::Attributes as _,
    key::{self, HEAD, VARIABLES},
    put::fenced,
    table::{Query, Range, Tries, Write},
};
use crate::{
    store::backend::{Claim, Claimed, Holder, Parts, TaskKey, WorkerId},
    time::Millis,
};

/// Number of transactions at a time.
const AT_ONCE: usize = 8;

/// Result of taking one task.
enum Taken {
    Ours(Box<Claimed>),
    /// It is another's, or has ended.
    No,
    /// The worker was declared dead.
    Buried,
}

impl Store {
    pub(super) async fn claim(&self, from: Holder, to: WorkerId, n: u16, now: Millis) -> Result<Claim> {
        let n = usize::from(n);
        if self.is_buried(to).await? {
            return Ok(Claim::Buried);
        }
        let mut claimed = Vec::new();
        for (mut low, high) in segments(from) {
            while claimed.len() < n {
                let wanted = n - claimed.len();
                let mut query = Query::of(self.keys.held(from), Range::Within(low, high.clone()));
                query.limit = Some(wanted);
                let entries = self.table.query(query).await?;
                let taking = self.members(&entries).map(|key| self.take(key, from, to, now));
                let mut taking = stream::iter(taking).buffer_unordered(AT_ONCE);
                while let Some(taken) = taking.next().await {
                    match taken {
                        Ok(Taken::Ours(task)) => claimed.push(*task),
                        Ok(Taken::No) => {}
                        // What was taken before is found among what it held.
                        Ok(Taken::Buried) => return Ok(Claim::Buried),
                        Err(failure) if claimed.is_empty() => return Err(failure),
                        // What was taken is told; the rest is found by the next claim.
                        Err(failure) => {
                            tracing::warn!(%failure, "a task could not be claimed");
                            return Ok(Claim::Taken(claimed));
                        }
                    }
                }
                let Some(last) = entries.last().filter(|_| entries.len() == wanted) else { break };
                // After the last: keys have one length.
                low = last.text("sk")?.to_owned() + "!";
            }
        }
        Ok(Claim::Taken(claimed))
    }

    async fn take(&self, key: TaskKey, from: Holder, to: WorkerId, now: Millis) -> Result<Taken> {
        let mut tries = Tries::new();
        loop {
            let Some(item) = self.table.get(self.keys.part(&key, HEAD)).await? else {
                // The service removed it, or a create is about to be seen: it is no moment that both items show at once.
                let expired = Expression::new().when("#expires <= :now").number(":now", now.0);
                self.table.delete(self.keys.held_entry(from, &key), &expired).await?;
                return Ok(Taken::No);
            };
            let head = self.readable(&item, Head::read(&item), "a corrupt task is not claimed");
            let Some(head) = head else { return Ok(Taken::No) };
            if !head.open || head.holder != Some(from) {
                return Ok(Taken::No);
            }
            if !head.exists(now) {
                // So that no claim has to pass it again. What a dead worker held is found by others, whose clocks may be right.
                if from == Holder::Queue {
                    self.delete(&key).await?;
                }
                return Ok(Taken::No);
            }
            if tries.count() > 0 && self.is_buried(to).await? {
                return Ok(Taken::Buried);
            }
            let (holder, fence) = (Holder::Worker(to), head.fence + 1);
            let update = head
                .unchanged(Expression::new())
                .when("#holder = :from")
                .set("#ver = :next")
                .set("#fence = :fence")
                .set("#holder = :to")
                .text(":from", key::holder_text(from))
                .text(":to", key::holder_text(holder))
                .number(":next", head.version + 1)
                .number(":fence", fence);
            let mut writes = vec![Write::Update(self.keys.part(&key, HEAD), update)];
            if head.has_variables {
                writes.push(Write::Update(self.keys.part(&key, VARIABLES), fenced(fence)));
            }
            if from != holder {
                writes.push(Write::Delete(self.keys.held_entry(from, &key), Expression::new()));
                writes.push(self.entry_of(holder, &key, head.expires, now));
            }
            let (turn, check) = self.alive(to).await;
            writes.push(check);
            let taken = self.table.transact(writes).await?.is_ok();
            drop(turn);
            if !taken {
                tries.pause().await?;
                continue;
            }
            let task = match self.read(&key, Parts::BODY | Parts::VARIABLES | Parts::STEPS, now).await {
                Err(failure @ Failure::Corrupt { .. }) => {
                    self.told.tell(&item, &failure, "a corrupt task was claimed, and nobody runs it");
                    return Ok(Taken::No);
                }
                task => task?,
            };
            let ours = task.filter(|task| task.open && task.holder == Some(holder) && task.fence == fence);
            return Ok(ours.map_or(Taken::No, |task| Taken::Ours(Box::new(Claimed { key, task }))));
        }
    }
}

/// Parts of a holder's set, in which order they are looked at. Workers that look at the queue at the same time begin at
/// different places.
fn segments(from: Holder) -> Vec<(String, String)> {
    let (first, last) = ("0".to_owned(), "~".to_owned());
    if from != Holder::Queue {
        return vec![(first, last)];
    }
    let start = format!("{:08x}", getrandom::u32().unwrap_or_default());
    vec![(start.clone(), last), (first, start)]
}
