//! Tasks and writes for these tests.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use bytes::Bytes;
use pmcp_tasks::{
    store::backend::{
        FieldOp, Guard, Holder, HolderChange, Merge, NewTask, Put, Scope, Stamp, Step, TaskKey, WorkerId, WriteId,
    },
    task::{OwnerKey, TaskId},
    time::Millis,
};

pub(super) const NOW: Millis = Millis(1_764_028_800_000);
pub(super) const TTL: u64 = 3_600_000;
pub(super) const PERIOD: Duration = Duration::from_secs(4);

pub(super) fn later(milliseconds: u64) -> Millis {
    Millis(NOW.0 + milliseconds)
}

pub(super) fn write() -> WriteId {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    WriteId(u128::from(NEXT.fetch_add(1, Ordering::Relaxed)) << 64 | 7)
}

pub(super) fn worker(n: u8) -> WorkerId {
    WorkerId(u128::from(n) + 1)
}

/// Task `n`, in the queue.
pub(super) fn task(n: u32) -> NewTask {
    let owner = OwnerKey([7; 32]);
    let mut id = [0xa5; 16];
    id[..4].copy_from_slice(&n.to_be_bytes());
    NewTask {
        key: TaskKey { owner, id: TaskId::from_random(id) },
        scope: Some(Scope(owner)),
        stamp: Stamp((NOW.0 << 20) + u64::from(n)),
        expires: later(TTL),
        quota: 1000,
        max_bytes: u64::MAX,
        holder: Holder::Queue,
        head: Bytes::from_static(b"head"),
        body: Bytes::from_static(b"body"),
        idempotency: None,
        write: write(),
    }
}

pub(super) fn put(version: u64) -> Put {
    Put {
        version,
        fence: None,
        head: Bytes::from_static(b"another head"),
        outcome: None,
        step: None,
        open: true,
        holder: HolderChange::Keep,
        write: write(),
    }
}

pub(super) fn seal(version: u64, outcome: impl Into<Bytes>) -> Put {
    Put { outcome: Some(outcome.into()), open: false, holder: HolderChange::Release, ..put(version) }
}

pub(super) fn set(field: &str, value: impl Into<Bytes>) -> (std::sync::Arc<str>, FieldOp) {
    (field.into(), FieldOp::Set(value.into()))
}

pub(super) fn merge(ops: Vec<(std::sync::Arc<str>, FieldOp)>) -> Merge {
    Merge { guard: Guard::Open, ops, max_bytes: 1 << 20, write: write() }
}

pub(super) fn step(name: &str, value: impl Into<Bytes>) -> Step {
    Step { fence: 1, name: name.into(), value: value.into(), changes: Vec::new(), max_bytes: 1 << 20, write: write() }
}
