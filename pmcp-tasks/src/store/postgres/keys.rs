//! Names that processes agree on: numbers of locks, and the channel of hints.

use std::borrow::Cow;

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{
    owner::OwnerKey,
    store::backend::{Holder, TaskKey, WorkerId},
};

/// The holder that stands for the queue.
pub(super) const QUEUE: Uuid = Uuid::nil();

/// The number of the lock that creates of an owner wait for.
pub(super) fn owner_lock(schema: &str, owner: OwnerKey) -> i64 {
    i64::from_be_bytes(digest("owner", schema, &owner.0))
}

/// The number of the lock that decides between what a worker is to hold and its burial.
pub(super) fn worker_lock(schema: &str, worker: WorkerId) -> i64 {
    i64::from_be_bytes(digest("worker", schema, &worker.0.to_be_bytes()))
}

/// The channel of a schema's hints: a name of its own, as channels are the whole database's.
pub(super) fn channel(schema: &str) -> String {
    format!("pmcp_{:016x}", u64::from_be_bytes(digest("channel", schema, &[])))
}

fn digest(kind: &str, schema: &str, bytes: &[u8]) -> [u8; 8] {
    let mut hash = Sha256::new();
    for part in [b"pmcp", kind.as_bytes(), schema.as_bytes(), bytes] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut first = [0; 8];
    first.copy_from_slice(&hash.finalize()[..8]);
    first
}

/// A holder as its column has it.
pub(super) fn holder_id(holder: Holder) -> Uuid {
    match holder {
        Holder::Queue => QUEUE,
        Holder::Worker(worker) => worker_id(worker),
    }
}

pub(super) fn worker_id(worker: WorkerId) -> Uuid {
    Uuid::from_u128(worker.0)
}

pub(super) fn holder(id: Uuid) -> Holder {
    if id == QUEUE { Holder::Queue } else { Holder::Worker(WorkerId(id.as_u128())) }
}

/// A task's id as its column has it.
pub(super) fn task_id(key: &TaskKey) -> Uuid {
    Uuid::from_bytes(*key.id.as_bytes())
}

/// The longest name of a variable or step that stands in an index itself, in bytes. PostgreSQL takes up to some 2,700.
const LONGEST_INDEXED: usize = 1024;

/// The name of a variable or step as an index has it, and the name itself where that is another: a long one is found by its digest,
/// behind a byte with which no text begins.
pub(super) fn cell_name(name: &str) -> (Cow<'_, [u8]>, Option<&[u8]>) {
    let name = name.as_bytes();
    if name.len() <= LONGEST_INDEXED {
        return (name.into(), None);
    }
    let digest: Vec<u8> = [0xff].into_iter().chain(Sha256::digest(name)).collect();
    (digest.into(), Some(name))
}

/// A name in a statement's text.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
