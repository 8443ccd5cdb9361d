//! Names in the store: hash tags, channels, and how keys and holders are written.

use super::error::{Failure, Result};
use crate::{
    id::TaskId,
    owner::OwnerKey,
    store::backend::{Holder, TaskKey, WorkerId},
};

/// Length of a task's key: its owner's key and its id.
pub(super) const KEY: usize = 48;

/// Length of what tells the changes of one backend from those of others.
pub(super) const ORIGIN: usize = 8;

/// The hash tags of a store. All tasks of an owner are in one bucket, which is one slot of a cluster.
#[derive(Debug)]
pub(super) struct Names {
    prefix: String,
    buckets: Vec<String>,
}

impl Names {
    /// The names of a store with so many buckets, at most a hundred.
    pub(super) fn new(prefix: String, buckets: usize) -> Self {
        // Scripts take the prefix from them: two digits, whatever the number of buckets.
        let buckets = (0..buckets).map(|n| format!("{{{prefix}{n:02}}}")).collect();
        Self { prefix, buckets }
    }

    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The bucket of an owner.
    pub(super) fn bucket(&self, owner: &OwnerKey) -> &str {
        let count = self.buckets.len();
        let remainder = owner.0.iter().fold(0, |remainder, byte| (remainder * 256 + usize::from(*byte)) % count);
        &self.buckets[remainder]
    }

    pub(super) fn buckets(&self) -> &[String] {
        &self.buckets
    }

    /// The channel of tasks that anybody may claim.
    pub(super) fn queue_channel(&self) -> Vec<u8> {
        format!("{}:q", self.prefix).into_bytes()
    }

    /// The channel of what others change of a worker's tasks.
    pub(super) fn worker_channel(&self, worker: WorkerId) -> Vec<u8> {
        self.channel(":w:", &worker.0.to_be_bytes())
    }

    /// The channel of a task.
    pub(super) fn task_channel(&self, key: &TaskKey) -> Vec<u8> {
        self.channel(":t:", &key_bytes(key))
    }

    fn channel(&self, kind: &str, name: &[u8]) -> Vec<u8> {
        [self.prefix.as_bytes(), kind.as_bytes(), name].concat()
    }
}

/// The bucket of what belongs to no owner: the workers, the layout.
pub(super) fn common(prefix: &str) -> String {
    format!("{{{prefix}}}")
}

pub(super) fn key_bytes(key: &TaskKey) -> [u8; KEY] {
    let mut bytes = [0; KEY];
    bytes[..32].copy_from_slice(&key.owner.0);
    bytes[32..].copy_from_slice(key.id.as_bytes());
    bytes
}

pub(super) fn key(bytes: &[u8]) -> Result<TaskKey> {
    let (owner, id) = bytes.split_at_checked(32).ok_or(Failure::Corrupt("the key of a task"))?;
    Ok(TaskKey { owner: OwnerKey(array(owner)?), id: id_of(id)? })
}

pub(super) fn id_of(bytes: &[u8]) -> Result<TaskId> {
    Ok(TaskId::from_bytes(array(bytes)?))
}

fn array<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    bytes.try_into().map_err(|_| Failure::Corrupt("the key of a task"))
}

/// A holder as scripts know it.
pub(super) fn holder_bytes(holder: Holder) -> Vec<u8> {
    match holder {
        Holder::Queue => b"q".into(),
        Holder::Worker(worker) => worker.0.to_be_bytes().into(),
    }
}

/// The holder of a task; empty bytes are nobody.
pub(super) fn holder(bytes: &[u8]) -> Result<Option<Holder>> {
    match bytes {
        b"" => Ok(None),
        b"q" => Ok(Some(Holder::Queue)),
        worker => Ok(Some(Holder::Worker(worker_of(worker)?))),
    }
}

pub(super) fn worker_of(bytes: &[u8]) -> Result<WorkerId> {
    let bytes = bytes.try_into().map_err(|_| Failure::Corrupt("the id of a worker"))?;
    Ok(WorkerId(u128::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_in_the_bucket_of_its_number() {
        let names = Names::new("pm".to_owned(), 16);
        let mut owner = OwnerKey([0xff; 32]);
        assert_eq!(names.bucket(&owner), "{pm15}");
        owner.0[31] = 0x27;
        assert_eq!(names.bucket(&owner), "{pm07}");
        // 256 is 6 modulo 10, however often it is taken by itself.
        let mut owner = OwnerKey([0; 32]);
        (owner.0[0], owner.0[31]) = (1, 3);
        assert_eq!(Names::new("pm".to_owned(), 10).bucket(&owner), "{pm09}");
    }

    #[test]
    fn keys_and_holders_are_read_as_they_are_written() {
        let key = TaskKey { owner: OwnerKey([7; 32]), id: TaskId::from_random([9; 16]) };
        assert_eq!(super::key(&key_bytes(&key)).unwrap(), key);
        assert!(super::key(&key_bytes(&key)[..40]).is_err() && super::key(b"").is_err());
        for holder in [Holder::Queue, Holder::Worker(WorkerId(0)), Holder::Worker(WorkerId(u128::MAX))] {
            assert_eq!(super::holder(&holder_bytes(holder)).unwrap(), Some(holder));
        }
        assert_eq!(super::holder(b"").unwrap(), None);
        assert!(super::holder(b"queue").is_err());
    }
}
