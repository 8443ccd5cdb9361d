//! A plain model of a store, and random operations to compare a backend with it.
//!
//! ```
//! use pmcp_tasks::{store::MemoryBackend, testing::{block_on, model}};
//! use proptest::{strategy::{Strategy as _, ValueTree as _}, test_runner::TestRunner};
//!
//! let operations = model::operations(20).new_tree(&mut TestRunner::deterministic()).unwrap().current();
//! block_on(model::check(&MemoryBackend::new(), &operations));
//! ```

#![expect(clippy::unwrap_used, reason = "a failing store is a failed test")]

mod operations;
mod reference;

use std::collections::{BTreeSet, VecDeque};

pub use self::operations::{Operation, operations};
use self::reference::Reference;
use super::fixtures::{self, NOW, PERIOD};
use crate::{
    store::{
        StorageBackend,
        backend::{Claim, Create, Merge, Parts, Put, Scope, TaskKey, Written},
    },
    time::Millis,
};

/// Number of the last writes that are repeated: fewer than every backend remembers.
const HISTORY: usize = 6;

/// Applies the operations to an empty backend and to the model, and panics at the first answer that differs.
pub async fn check(backend: &dyn StorageBackend, operations: &[Operation]) {
    let mut run = Run { backend, model: Reference::default(), now: NOW, history: VecDeque::new() };
    for operation in operations {
        run.apply(operation).await;
    }
    for task in 0..operations::TASKS {
        run.compare(&operations::key(task), Parts::all()).await;
    }
}

struct Run<'a> {
    backend: &'a dyn StorageBackend,
    model: Reference,
    now: Millis,
    history: VecDeque<Write>,
}

#[derive(Clone, Debug)]
enum Write {
    Put(TaskKey, Put),
    Merge(TaskKey, Merge),
}

impl Run<'_> {
    async fn apply(&mut self, operation: &Operation) {
        let (backend, now) = (self.backend, self.now);
        match operation {
            Operation::Pass(milliseconds) => self.now.0 += u64::from(*milliseconds),
            Operation::Create(create) => {
                let key = operations::key(create.task);
                // An id is random: whoever creates an existing task repeats the create that made it.
                let new = self.model.created(&key, now).unwrap_or_else(|| create.request(now));
                let created = self.model.create(&new, now);
                assert_eq!(backend.create(&new, now).await.unwrap(), created, "{new:?}");
                if created == Create::Created {
                    self.make_room(&key, new.max_bytes).await;
                }
                self.compare(&key, Parts::all()).await;
            }
            Operation::Get { task, parts } => self.compare(&operations::key(*task), *parts).await,
            Operation::Put(put) => {
                let key = operations::key(put.task);
                let put = put.request(self.model.head(&key, now));
                self.write(Write::Put(key, put)).await;
            }
            Operation::Merge(merge) => {
                let key = operations::key(merge.task);
                let merge = merge.request(self.model.head(&key, now));
                self.write(Write::Merge(key, merge)).await;
            }
            Operation::Repeat(back) => {
                if let Some(write) = self.history.get(usize::from(*back)).cloned() {
                    self.write(write).await;
                }
            }
            Operation::Record(record) => {
                let key = operations::key(record.task);
                let step = record.request(self.model.head(&key, now));
                assert_eq!(backend.record(&key, &step, now).await.unwrap(), self.model.record(&key, &step, now));
                self.compare(&key, Parts::all()).await;
            }
            Operation::Delete { task } => {
                let key = operations::key(*task);
                let deleted = backend.delete(&key).await.unwrap();
                // Whether an expired task is still there is the backend's affair.
                if self.model.head(&key, now).is_some() || !self.model.exists(&key) {
                    assert_eq!(deleted, self.model.exists(&key), "delete {key:?}");
                }
                self.model.delete(&key);
            }
            Operation::List { owner, n } => self.list(Scope(fixtures::owner(*owner)), *n).await,
            Operation::Claim { from, to, n } => {
                let mut candidates = self.model.held(*from, now);
                let claim = backend.claim(from, to, *n, now).await.unwrap();
                assert_eq!(claim == Claim::Buried, self.model.is_buried(*to), "claim by {to:?}");
                if claim == Claim::Buried {
                    return;
                }
                let claimed = claim.taken();
                assert_eq!(claimed.len(), candidates.len().min(usize::from(*n)), "claim from {from:?}: {claimed:?}");
                for claimed in claimed {
                    assert!(candidates.contains(&claimed.key), "{claimed:?} was not to be claimed again or at all");
                    candidates.retain(|key| *key != claimed.key);
                    self.model.take(&claimed.key, *to);
                    let expected = self.model.get(&claimed.key, Parts::all(), now);
                    assert_eq!(Some(claimed.task), expected);
                }
            }
            Operation::Held { by } => {
                let mut held = backend.held(by, None, 1000).await.unwrap();
                // Expired tasks may still be there: `held` knows no time.
                held.retain(|key| self.model.head(key, now).is_some());
                assert_eq!(held, self.model.held(*by, now), "held by {by:?}");
            }
            Operation::Beat(worker) => {
                assert_eq!(
                    backend.beat(worker, PERIOD, now).await.unwrap(),
                    self.model.beat(*worker, PERIOD, now),
                    "{worker:?}"
                );
            }
            Operation::Bury { worker, missed } => {
                if let Some(counter) = self.model.counter(*worker) {
                    let seen = counter.saturating_sub(u64::from(*missed));
                    let buried = backend.bury(worker, seen).await.unwrap();
                    assert_eq!(buried, self.model.bury(*worker, seen), "{worker:?} seen at {seen}");
                }
                let mut workers = backend.workers().await.unwrap();
                workers.sort_by_key(|worker| worker.id);
                assert_eq!(workers, self.model.workers());
            }
            Operation::Settle(worker) => {
                backend.settle(worker).await.unwrap();
                let mut buried = backend.buried().await.unwrap();
                buried.sort();
                self.model.settle(*worker, buried.contains(worker), now);
                assert_eq!(buried, self.model.unsettled(), "after settling {worker:?}");
            }
            Operation::Sweep(n) => assert!(backend.sweep(*n, now).await.unwrap() <= *n),
        }
    }

    /// Removes from the model what the backend removed for a task: in their order, as many as it takes and no more.
    async fn make_room(&mut self, key: &TaskKey, max_bytes: u64) {
        let mut passed = BTreeSet::from([key.clone()]);
        while let Some(first) = self.model.first_sealed(key.owner, &passed) {
            let (living, all) = self.model.taken(key.owner, self.now);
            // The backend may or may not have counted what has expired.
            let (must, may) = (living > max_bytes, all > max_bytes);
            let there = self.backend.get(&first, Parts::empty(), self.now).await.unwrap().is_some();
            assert!(!(must && there), "{first:?} was to make room for {key:?}");
            if !may || there {
                break;
            }
            // Whether an expired one is still there cannot be seen.
            if self.model.head(&first, self.now).is_some() {
                self.model.delete(&first);
            }
            passed.insert(first);
        }
    }

    async fn write(&mut self, write: Write) {
        let (backend, now) = (self.backend, self.now);
        let key = match &write {
            Write::Put(key, put) => {
                let written = self.model.put(key, put, now);
                assert_eq!(backend.put(key, put, now).await.unwrap(), written, "{put:?}");
                if let (Written::Done { .. }, false) = (written, put.open) {
                    let max_bytes = self.model.created(key, now).map_or(u64::MAX, |new| new.max_bytes);
                    self.make_room(key, max_bytes).await;
                }
                key.clone()
            }
            Write::Merge(key, merge) => {
                assert_eq!(
                    backend.merge(key, merge, now).await.unwrap(),
                    self.model.merge(key, merge, now),
                    "{merge:?}"
                );
                key.clone()
            }
        };
        self.compare(&key, Parts::all()).await;
        self.history.push_front(write);
        self.history.truncate(HISTORY);
    }

    async fn compare(&self, key: &TaskKey, parts: Parts) {
        let stored = self.backend.get(key, parts, self.now).await.unwrap();
        assert_eq!(stored, self.model.get(key, parts, self.now), "{key:?} read with {parts:?}");
    }

    async fn list(&self, scope: Scope, n: u16) {
        let expected = self.model.list(scope, self.now);
        let mut pages: Vec<_> = expected.chunks(usize::from(n)).collect();
        if pages.is_empty() {
            pages.push(&[]);
        }
        let mut before = None;
        for (number, expected) in (1..).zip(&pages) {
            let page = self.backend.page(&scope, before.as_ref(), n, self.now).await.unwrap();
            assert_eq!(page.tasks, *expected, "page {number} of {n}");
            assert_eq!(page.next.is_none(), number == pages.len(), "next of page {number} of {}", pages.len());
            before = page.next;
        }
    }
}
