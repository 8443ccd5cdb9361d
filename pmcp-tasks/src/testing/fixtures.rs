//! Tasks and writes for the contract suite and the model.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use bytes::Bytes;

use crate::{
    store::StorageBackend,
    store::backend::{
        FieldOp, Guard, Holder, HolderChange, Merge, NewTask, Parts, Put, Scope, Stamp, Step, StoredTask, TaskKey,
        Worker, WorkerId, WriteId,
    },
    task::{Owner, OwnerKey, OwnerKind, TaskId},
    time::Millis,
};

/// 2025-11-25T00:00:00Z.
pub(crate) const NOW: Millis = Millis(1_764_028_800_000);
pub(crate) const MINUTE: u64 = 60_000;
/// Lifetime of a task of [`task`], in milliseconds.
pub(crate) const TTL: u64 = 60 * MINUTE;
/// Lease period of a worker.
pub(crate) const PERIOD: Duration = Duration::from_secs(4);

pub(crate) fn later(milliseconds: u64) -> Millis {
    Millis(NOW.0 + milliseconds)
}

pub(crate) fn owner(n: u32) -> OwnerKey {
    Owner::new(OwnerKind::Subject, "https://issuer.example", n.to_string()).key()
}

/// The id of task `n`; ids are ordered as their numbers are.
pub(crate) fn id(n: u32) -> TaskId {
    let mut bytes = [0xa5; 16];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    TaskId::from_random(bytes)
}

pub(crate) fn worker(n: u8) -> WorkerId {
    WorkerId(u128::MAX - u128::from(n))
}

/// Worker `n` after so many beats, the last one at [`NOW`].
pub(crate) fn alive(n: u8, counter: u64) -> Worker {
    Worker { id: worker(n), counter, period: PERIOD, clock: NOW }
}

pub(crate) fn write() -> WriteId {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    WriteId((u128::from(NEXT.fetch_add(1, Ordering::Relaxed)) << 64) | 0xffff_ffff_ffff_fff7)
}

/// Task `n` of owner 0: listed, held by worker 0, expiring [`TTL`] after [`NOW`].
pub(crate) fn task(n: u32) -> NewTask {
    task_of(0, n)
}

pub(crate) fn task_of(whose: u32, n: u32) -> NewTask {
    let owner = owner(whose);
    NewTask {
        key: TaskKey { owner, id: id(n) },
        scope: Some(Scope(owner)),
        stamp: Stamp((NOW.0 << 20) + u64::from(n)),
        expires: later(TTL),
        quota: 100,
        max_bytes: u64::MAX,
        holder: Holder::Worker(worker(0)),
        head: Bytes::from(format!("head {n}")),
        body: Bytes::from(format!("body {n}")),
        idempotency: None,
        write: write(),
    }
}

/// A write of the head that keeps everything else.
pub(crate) fn put(version: u64) -> Put {
    Put {
        version,
        fence: None,
        head: Bytes::from(format!("written after version {version}")),
        outcome: None,
        step: None,
        open: true,
        holder: HolderChange::Keep,
        write: write(),
    }
}

pub(crate) fn seal(version: u64) -> Put {
    Put { outcome: Some(Bytes::from_static(b"outcome")), open: false, holder: HolderChange::Release, ..put(version) }
}

pub(crate) fn merge<const N: usize>(guard: Guard, ops: [(&str, FieldOp); N]) -> Merge {
    Merge { guard, ops: ops.map(|(field, op)| (field.into(), op)).into(), max_bytes: 1 << 16, write: write() }
}

pub(crate) fn set(value: &'static str) -> FieldOp {
    FieldOp::Set(Bytes::from_static(value.as_bytes()))
}

pub(crate) fn set_if(was: Option<&'static str>, value: &'static str) -> FieldOp {
    let bytes = |text: &'static str| Bytes::from_static(text.as_bytes());
    FieldOp::SetIf { was: was.map(bytes), value: bytes(value) }
}

pub(crate) fn step(fence: u64, name: &str, value: &'static str) -> Step {
    Step {
        fence,
        name: name.to_owned(),
        value: Bytes::from_static(value.as_bytes()),
        changes: Vec::new(),
        max_bytes: 1 << 16,
        write: write(),
    }
}

/// The same that changes variables.
pub(crate) fn step_changing<const N: usize>(
    fence: u64,
    name: &str,
    value: &'static str,
    changes: [(&str, FieldOp); N],
) -> Step {
    Step { changes: changes.map(|(field, op)| (field.into(), op)).into(), ..step(fence, name, value) }
}

/// The task with all its parts at [`NOW`].
#[expect(clippy::unwrap_used, reason = "a failing store is a failed test")]
pub(crate) async fn read(backend: &dyn StorageBackend, key: &TaskKey) -> Option<StoredTask> {
    backend.get(key, Parts::all(), NOW).await.unwrap()
}

/// The task's variables at [`NOW`], as text.
pub(crate) async fn variables(backend: &dyn StorageBackend, key: &TaskKey) -> Vec<(String, String)> {
    let variables = read(backend, key).await.and_then(|task| task.variables).unwrap_or_default();
    let text = |value: &Bytes| String::from_utf8_lossy(value).into_owned();
    variables.iter().map(|(field, value)| (field.to_string(), text(value))).collect()
}

/// Pairs as [`variables`] gives them.
pub(crate) fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs.map(|(field, value)| (field.to_owned(), value.to_owned())).into()
}
