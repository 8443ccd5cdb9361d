//! Keys of items. All of a task lies under one partition key, each set under one of its own.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use crate::{
    id::TaskId,
    owner::OwnerKey,
    store::backend::{Digest, Holder, Position, Scope, Stamp, TaskKey, WorkerId},
    time::Millis,
};

/// Sort keys of a task's parts, in the order in which a query for few of them ends early.
pub(super) const HEAD: &str = "0";
pub(super) const VARIABLES: &str = "1";
pub(super) const OUTCOME: &str = "2";
pub(super) const BODY: &str = "3";
const STEP: &str = "4#";

/// The sort key of items that are alone under their partition key.
const ONLY: &str = "0";

/// Number of items that mark a worker as dead. Whoever gives it work checks one of them, and two transactions that check the
/// same item at once get into each other's way.
pub(super) const MARKS: usize = 8;

/// The key of an item.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) pk: String,
    pub(super) sk: String,
}

/// Keys of one store in a table: all begin with its prefix.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    pub(super) prefix: String,
}

impl Keys {
    fn only(&self, rest: &str) -> Key {
        Key { pk: format!("{}{rest}", self.prefix), sk: ONLY.to_owned() }
    }

    /// The item that says which version the store has.
    pub(super) fn meta(&self) -> Key {
        self.only("meta")
    }

    /// The partition of a task.
    pub(super) fn task(&self, key: &TaskKey) -> String {
        format!("{}t#{}", self.prefix, member(key))
    }

    pub(super) fn part(&self, key: &TaskKey, sk: &str) -> Key {
        Key { pk: self.task(key), sk: sk.to_owned() }
    }

    /// A step's item: names are of any length, sort keys are not.
    pub(super) fn step(&self, key: &TaskKey, name: &str) -> Key {
        self.part(key, &format!("{STEP}{}", hex(&Sha256::digest(name.as_bytes()))))
    }

    /// The item that counts what an owner has.
    pub(super) fn ledger(&self, owner: OwnerKey) -> Key {
        self.only(&format!("q#{owner}"))
    }

    /// The sealed tasks of an owner, in the order they were sealed.
    pub(super) fn sealed(&self, owner: OwnerKey) -> String {
        format!("{}f#{owner}", self.prefix)
    }

    pub(super) fn sealed_entry(&self, key: &TaskKey, sealed: Millis) -> Key {
        Key { pk: self.sealed(key.owner), sk: format!("{:016x}#{}", sealed.0, id(key.id)) }
    }

    pub(super) fn list(&self, scope: Scope) -> String {
        format!("{}l#{}", self.prefix, scope.0)
    }

    pub(super) fn list_entry(&self, scope: Scope, position: Position) -> Key {
        Key { pk: self.list(scope), sk: place(position) }
    }

    pub(super) fn idempotency(&self, owner: OwnerKey, key: &Digest) -> Key {
        self.only(&format!("i#{owner}#{}", hex(key)))
    }

    pub(super) fn held(&self, by: Holder) -> String {
        format!("{}h#{}", self.prefix, holder_text(by))
    }

    pub(super) fn held_entry(&self, by: Holder, key: &TaskKey) -> Key {
        Key { pk: self.held(by), sk: member(key) }
    }

    /// The living workers, and those dead whose tasks may have to be claimed.
    pub(super) fn workers(&self) -> String {
        format!("{}w", self.prefix)
    }

    pub(super) fn worker(&self, worker: WorkerId) -> Key {
        Key { pk: self.workers(), sk: worker_text(worker) }
    }

    /// One of the items that mark a worker as dead.
    pub(super) fn mark(&self, worker: WorkerId, n: usize) -> Key {
        self.only(&format!("d#{}#{}", worker_text(worker), n % MARKS))
    }
}

/// Tells whether a sort key is a step's.
pub(super) fn is_step(sk: &str) -> bool {
    sk.starts_with(STEP)
}

/// A task in a set: its texts are ordered as keys are.
pub(super) fn member(key: &TaskKey) -> String {
    format!("{}#{}", key.owner, id(key.id))
}

pub(super) fn read_member(text: &str) -> Option<TaskKey> {
    let (owner, id) = text.split_once('#')?;
    Some(TaskKey { owner: OwnerKey(read_hex(owner)?), id: TaskId::from_bytes(read_hex(id)?) })
}

/// A place in a list: its texts are ordered as positions are.
pub(super) fn place(position: Position) -> String {
    format!("{:016x}#{}", position.stamp.0, id(position.id))
}

pub(super) fn read_place(text: &str) -> Option<Position> {
    let (stamp, id) = text.split_once('#')?;
    let stamp = Stamp(u64::from_str_radix(stamp, 16).ok()?);
    Some(Position { stamp, id: TaskId::from_bytes(read_hex(id)?) })
}

pub(super) fn owner(text: &str) -> Option<OwnerKey> {
    read_hex(text).map(OwnerKey)
}

pub(super) fn digest(text: &str) -> Option<Digest> {
    read_hex(text)
}

/// The name of a task's entry in its owner's ledger.
pub(super) fn entry(id: TaskId) -> String {
    format!("t{}", BASE64_URL_SAFE_NO_PAD.encode(id.as_bytes()))
}

pub(super) fn read_entry(name: &str) -> Option<TaskId> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(name.strip_prefix('t')?).ok()?;
    Some(TaskId::from_bytes(bytes.try_into().ok()?))
}

pub(super) fn holder_text(holder: Holder) -> String {
    match holder {
        Holder::Queue => "queue".to_owned(),
        Holder::Worker(worker) => worker_text(worker),
    }
}

pub(super) fn read_holder(text: &str) -> Option<Holder> {
    if text == "queue" { Some(Holder::Queue) } else { read_worker(text).map(Holder::Worker) }
}

fn worker_text(worker: WorkerId) -> String {
    format!("{:032x}", worker.0)
}

pub(super) fn read_worker(text: &str) -> Option<WorkerId> {
    u128::from_str_radix(text, 16).ok().map(WorkerId)
}

fn id(id: TaskId) -> String {
    hex(id.as_bytes())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Texts take everything.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn read_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; N];
    for (n, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * n..2 * n + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::fixtures::{task, task_of};

    #[test]
    fn texts_are_ordered_as_what_they_stand_for() {
        let mut keys: Vec<_> = (0..40).map(|n| task_of(n % 3, n * 0x0101_0101).key).collect();
        keys.sort();
        assert!(keys.windows(2).all(|pair| member(&pair[0]) < member(&pair[1])));
        assert!(keys.iter().all(|key| read_member(&member(key)).as_ref() == Some(key)));
        let mut places: Vec<_> = [0, 9, 10, 255, 256, u64::MAX]
            .into_iter()
            .flat_map(|stamp| [1, 2].map(|n| Position { stamp: Stamp(stamp), id: task(n).key.id }))
            .collect();
        places.sort();
        assert!(places.windows(2).all(|pair| place(pair[0]) < place(pair[1])));
        assert!(places.iter().all(|position| read_place(&place(*position)) == Some(*position)));
    }

    #[test]
    fn what_was_not_written_here_is_not_read() {
        for text in ["", "#", "ab#cd", "ключ", &"x".repeat(97)] {
            assert_eq!((read_member(text), read_place(text), read_entry(text)), (None, None, None), "{text}");
        }
        let id = task(7).key.id;
        assert_eq!(read_entry(&entry(id)), Some(id));
    }
}
