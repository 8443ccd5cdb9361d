//! One task: what its writes check and change. No index and no other task is touched here.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;

use crate::{
    store::backend::{
        Digest, Field, FieldOp, Guard, Holder, HolderChange, Merge, Merged, NewTask, Parts, Put, Recorded, Stamp, Step,
        StoredTask, WorkerId, WriteId, Written,
    },
    time::Millis,
};

#[derive(Debug)]
pub(super) struct Record {
    version: u64,
    fence: u64,
    pub(super) holder: Option<Holder>,
    open: bool,
    pub(super) stamp: Stamp,
    pub(super) expires: Millis,
    pub(super) listed: bool,
    /// Time at which it was sealed.
    pub(super) sealed: Option<Millis>,
    /// Bytes it takes.
    bytes: u64,
    /// Bytes all tasks of its owner may take when it is sealed.
    pub(super) max_bytes: u64,
    /// Bytes all open tasks of its owner take: here, so that a write of variables need not wait for the owner.
    live_bytes: Arc<AtomicU64>,
    pub(super) idempotency: Option<Digest>,
    head: Bytes,
    body: Bytes,
    outcome: Option<Bytes>,
    writes: Recent<8>,
    variables: Variables,
    steps: BTreeMap<String, Bytes>,
}

impl Record {
    pub(super) fn new(new: &NewTask, live_bytes: Arc<AtomicU64>) -> Self {
        live_bytes.fetch_add(new.bytes(), Ordering::Relaxed);
        let mut writes = Recent::default();
        writes.add(new.write);
        Self {
            version: 1,
            fence: 1,
            holder: Some(new.holder),
            open: true,
            stamp: new.stamp,
            expires: new.expires,
            listed: new.scope.is_some(),
            sealed: None,
            bytes: new.bytes(),
            max_bytes: new.max_bytes,
            live_bytes,
            idempotency: new.idempotency.map(|(key, _)| key),
            head: new.head.clone(),
            body: new.body.clone(),
            outcome: None,
            writes,
            variables: Variables::default(),
            steps: BTreeMap::new(),
        }
    }

    pub(super) fn exists(&self, now: Millis) -> bool {
        now < self.expires
    }

    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Notes that a part of an open task has another length.
    fn resize(&mut self, from: usize, to: usize) {
        self.bytes = self.bytes - from as u64 + to as u64;
        self.live_bytes.fetch_add((to as u64).wrapping_sub(from as u64), Ordering::Relaxed);
    }

    /// Takes its bytes out of those of its owner's open tasks: it is sealed or gone.
    pub(super) fn leave_live(&self) {
        self.live_bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }

    pub(super) fn stored(&self, parts: Parts) -> StoredTask {
        StoredTask {
            version: self.version,
            fence: self.fence,
            holder: self.holder,
            open: self.open,
            stamp: self.stamp,
            expires: self.expires,
            head: self.head.clone(),
            body: parts.contains(Parts::BODY).then(|| self.body.clone()),
            variables: parts.contains(Parts::VARIABLES).then(|| self.variables.fields.clone()),
            steps: parts.contains(Parts::STEPS).then(|| self.steps.clone()),
            outcome: self.outcome.as_ref().filter(|_| parts.contains(Parts::OUTCOME)).cloned(),
        }
    }

    /// Writes the head. `may_take` is false if the worker that is to take the task is buried.
    pub(super) fn put(&mut self, put: &Put, may_take: bool, now: Millis) -> Written {
        if self.writes.contains(put.write) {
            return Written::Replayed(self.stored(Parts::empty()));
        }
        let fenced_off = put.fence.is_some_and(|fence| fence != self.fence);
        if !self.open || put.version != self.version || fenced_off {
            return Written::Conflict(self.stored(Parts::empty()));
        }
        if !may_take {
            return Written::Buried;
        }
        match put.holder {
            HolderChange::Keep => {}
            HolderChange::Take(worker) => {
                self.holder = Some(Holder::Worker(worker));
                self.fence += 1;
            }
            HolderChange::Queue => {
                self.holder = Some(Holder::Queue);
                self.fence += 1;
            }
            HolderChange::Release => self.holder = None,
        }
        self.resize(self.head.len(), put.head.len() + put.outcome.as_ref().map_or(0, Bytes::len));
        if let Some((name, value)) = &put.step {
            self.keep_step(name, value);
        }
        if !put.open {
            self.open = false;
            self.sealed = Some(now);
            self.holder = None;
            self.outcome.clone_from(&put.outcome);
            self.leave_live();
        }
        self.head = put.head.clone();
        self.version += 1;
        self.writes.add(put.write);
        Written::Done { version: self.version, fence: self.fence }
    }

    pub(super) fn take(&mut self, worker: WorkerId) {
        self.holder = Some(Holder::Worker(worker));
        self.fence += 1;
        self.version += 1;
    }

    pub(super) fn merge(&mut self, merge: &Merge) -> Merged {
        if self.variables.writes.contains(merge.write) {
            return Merged::Replayed;
        }
        let holds = match merge.guard {
            Guard::Fence(fence) => fence == self.fence,
            Guard::Open => true,
        };
        if !self.open || !holds {
            return Merged::Lost;
        }
        let before = self.variables.bytes;
        match self.variables.apply(&merge.ops, merge.max_bytes) {
            Ok(()) => self.variables.writes.add(merge.write),
            Err(NotApplied::Changed(field)) => return Merged::Changed(field),
            Err(NotApplied::TooLarge) => return Merged::TooLarge,
        }
        self.resize(before, self.variables.bytes);
        Merged::Done
    }

    pub(super) fn record(&mut self, step: &Step) -> Recorded {
        if !self.open || step.fence != self.fence {
            return Recorded::Lost;
        }
        if let Some(value) = self.steps.get(&step.name) {
            return Recorded::Exists(value.clone());
        }
        let before = self.variables.bytes;
        if !step.changes.is_empty() {
            match self.variables.apply(&step.changes, step.max_bytes) {
                Ok(()) => {}
                Err(NotApplied::Changed(field)) => return Recorded::Changed(field),
                Err(NotApplied::TooLarge) => return Recorded::TooLarge,
            }
        }
        self.resize(before, self.variables.bytes);
        self.keep_step(&step.name, &step.value);
        Recorded::Recorded
    }

    /// Keeps a step's result unless there is one.
    fn keep_step(&mut self, name: &str, value: &Bytes) {
        if !self.steps.contains_key(name) {
            self.resize(0, name.len() + value.len());
            self.steps.insert(name.to_owned(), value.clone());
        }
    }
}

#[derive(Debug, Default)]
struct Variables {
    fields: BTreeMap<Field, Bytes>,
    /// The length of all names and values, kept so that no merge has to count them.
    bytes: usize,
    writes: Recent<64>,
}

/// Reason why changes of variables were not made.
enum NotApplied {
    Changed(Field),
    TooLarge,
}

impl Variables {
    /// Makes changes: all of them or, if one cannot be made, none.
    fn apply(&mut self, ops: &[(Field, FieldOp)], max_bytes: u32) -> Result<(), NotApplied> {
        let mut bytes = self.bytes;
        for (field, op) in ops {
            let old = self.fields.get(field);
            let new = match op {
                FieldOp::SetIf { was, .. } if was.as_ref() != old => return Err(NotApplied::Changed(field.clone())),
                FieldOp::Set(value) | FieldOp::SetIf { value, .. } => Some(value),
                FieldOp::Remove => None,
            };
            let size = |value: &Bytes| field.len() + value.len();
            bytes = bytes - old.map_or(0, size) + new.map_or(0, size);
        }
        if bytes > usize::try_from(max_bytes).unwrap_or(usize::MAX) {
            return Err(NotApplied::TooLarge);
        }
        for (field, op) in ops {
            match op {
                FieldOp::Set(value) | FieldOp::SetIf { value, .. } => {
                    self.fields.insert(field.clone(), value.clone());
                }
                FieldOp::Remove => {
                    self.fields.remove(field);
                }
            }
        }
        self.bytes = bytes;
        Ok(())
    }
}

/// The last `N` writes.
#[derive(Debug, Default)]
struct Recent<const N: usize>(VecDeque<WriteId>);

impl<const N: usize> Recent<N> {
    fn contains(&self, write: WriteId) -> bool {
        self.0.contains(&write)
    }

    fn add(&mut self, write: WriteId) {
        if self.0.len() == N {
            self.0.pop_front();
        }
        self.0.push_back(write);
    }
}
