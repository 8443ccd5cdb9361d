//! Shares of the finished tasks that are kept, and the owner who is the first to give some up.

use std::{cmp::Reverse, collections::BTreeSet};

use parking_lot::Mutex;

use crate::{id::TaskId, owner::OwnerKey, time::Millis};

/// An owner's share of the finished tasks. The later one of two gives up a task first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Share {
    pub(super) bytes: u64,
    /// The one that finished first.
    pub(super) first: Reverse<(Millis, TaskId)>,
    pub(super) tasks: usize,
}

/// The owners by their share, and how much of all is kept. An owner's share is changed by who has the owner locked.
#[derive(Debug)]
pub(super) struct Ranking {
    pub(super) max_tasks: usize,
    pub(super) max_bytes: u64,
    shares: Mutex<Shares>,
}

#[derive(Debug, Default)]
struct Shares {
    tasks: usize,
    bytes: u64,
    order: BTreeSet<(Share, OwnerKey)>,
}

impl Ranking {
    pub(super) fn new(max_tasks: usize, max_bytes: u64) -> Self {
        Self { max_tasks, max_bytes, shares: Mutex::default() }
    }

    pub(super) fn change(&self, owner: OwnerKey, from: Option<Share>, to: Option<Share>) {
        if from == to {
            return;
        }
        let mut shares = self.shares.lock();
        if let Some(from) = from {
            shares.tasks -= from.tasks;
            shares.bytes -= from.bytes;
            shares.order.remove(&(from, owner));
        }
        if let Some(to) = to {
            shares.tasks += to.tasks;
            shares.bytes += to.bytes;
            shares.order.insert((to, owner));
        }
    }

    /// The owner with the largest share if more is kept than may be.
    pub(super) fn largest_of_too_many(&self) -> Option<OwnerKey> {
        let shares = self.shares.lock();
        let too_many = shares.tasks > self.max_tasks || shares.bytes > self.max_bytes;
        if too_many { shares.order.last().map(|(_, owner)| *owner) } else { None }
    }

    #[cfg(test)]
    pub(super) fn entries(&self) -> (usize, u64, Vec<(Share, OwnerKey)>) {
        let shares = self.shares.lock();
        (shares.tasks, shares.bytes, shares.order.iter().copied().collect())
    }
}
