//! Turns of an owner's writes. Where those wait for each other in the service, or are in each other's way, a process sends one at a
//! time: no owner takes all of its connections, and none waits for another.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::{Mutex as Queue, OwnedMutexGuard};

use crate::owner::OwnerKey;

#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<HashMap<OwnerKey, Arc<Queue<()>>>>);

/// An owner's turn, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    turns: &'a Turns,
    owner: OwnerKey,
    /// There until it is dropped.
    held: Option<OwnedMutexGuard<()>>,
    queue: Arc<Queue<()>>,
}

impl Turns {
    /// Waits for a turn.
    pub(super) async fn of(&self, owner: OwnerKey) -> Turn<'_> {
        let queue = self.0.lock().entry(owner).or_default().clone();
        let mut turn = Turn { turns: self, owner, held: None, queue };
        turn.held = Some(turn.queue.clone().lock_owned().await);
        turn
    }

    /// The turn if nobody has it.
    #[cfg(feature = "dynamodb")]
    pub(super) fn now(&self, owner: OwnerKey) -> Option<Turn<'_>> {
        let mut queues = self.0.lock();
        let queue = queues.entry(owner).or_default().clone();
        let held = queue.clone().try_lock_owned().ok()?;
        Some(Turn { turns: self, owner, held: Some(held), queue })
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.0.lock().len()
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.held = None;
        let mut queues = self.turns.0.lock();
        // The map's and this one: nobody waits.
        if Arc::strong_count(&self.queue) == 2 {
            queues.remove(&self.owner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_turn_at_a_time_and_nothing_is_left_behind() {
        let turns = Turns::default();
        let (one, two) = (OwnerKey([1; 32]), OwnerKey([2; 32]));
        let first = turns.of(one).await;
        let other = turns.of(two).await;
        {
            let mut second = std::pin::pin!(turns.of(one));
            assert!(tokio::time::timeout(std::time::Duration::from_millis(1), second.as_mut()).await.is_err());
            drop(first);
            drop(second.await);
        }
        let first = turns.of(one).await;
        // One who gives up leaves the others their turns.
        drop(tokio::time::timeout(std::time::Duration::ZERO, turns.of(one)).await);
        drop(first);
        drop(turns.of(one).await);
        drop(other);
        #[cfg(feature = "dynamodb")]
        {
            let first = turns.now(one).unwrap();
            assert!(turns.now(one).is_none() && turns.now(two).is_some());
            drop(first);
        }
        assert_eq!(turns.len(), 0);
    }
}
