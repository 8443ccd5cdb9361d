//! Tasks to create, and why they or a change were not.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Map;

use super::{Bounds, OnCrash, Owner, SCHEMA, Signals, Task, TaskBody, TaskHead, TaskId, TaskStatus};
use crate::{
    error::StoreError,
    protocol::{ClientCapabilities, Revision},
    store::backend::{Digest, Holder, TaskKey, WriteId},
    time::{Millis, millis},
};

/// A task to create.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) key: TaskKey,
    pub(crate) listed: bool,
    pub(crate) ttl: Duration,
    pub(crate) quota: u32,
    pub(crate) max_bytes: u64,
    pub(crate) holder: Holder,
    pub(crate) head: TaskHead,
    pub(crate) body: TaskBody,
    /// The digests of an idempotency key and of the call it stands for.
    pub(crate) idempotency: Option<(Digest, Digest)>,
    /// Set by the first try to create it: every other try is the same write.
    pub(super) write: Option<WriteId>,
}

impl Draft {
    /// A task of this owner that works at `work`, in no list and held by nobody, with no other wishes than its lifetime.
    pub(super) fn new(id: TaskId, now: Millis, owner: &Owner, ttl: Duration, work: &str) -> Self {
        Self {
            key: TaskKey { owner: owner.key(), id },
            listed: false,
            ttl,
            quota: u32::MAX,
            max_bytes: u64::MAX,
            holder: Holder::Queue,
            head: TaskHead {
                schema: SCHEMA,
                owner: owner.clone(),
                status: TaskStatus::Working,
                is_error: false,
                message: None,
                is_progress: false,
                created: now,
                updated: now,
                ttl: millis(ttl),
                poll_interval: 0,
                inputs: BTreeMap::new(),
                answers: BTreeMap::new(),
                hidden: None,
                handed_back: 0,
                progress: None,
                signals: Signals::default(),
                workflow: None,
            },
            body: TaskBody {
                schema: SCHEMA,
                tool: work.to_owned(),
                arguments: Map::new(),
                begun: false,
                bounds: Bounds::default(),
                answers: Map::new(),
                variables: Map::new(),
                hidden: Vec::new(),
                dynamic: None,
                on_crash: OnCrash::default(),
                principal: None,
                progress_token: None,
                revision: Revision::Plain,
                client: ClientCapabilities::default(),
                queued: false,
                step: None,
                trace: None,
            },
            idempotency: None,
            write: None,
        }
    }

    /// Tells whether it may be in the store, though nobody heard of it.
    pub(crate) fn was_tried(&self) -> bool {
        self.write.is_some()
    }

    /// No try to create it did or will: the next one is a write of its own.
    pub(crate) fn forget_tries(&mut self) {
        self.write = None;
    }
}

/// Reason why no task was created.
#[derive(Debug)]
pub(crate) enum NotCreated {
    /// The owner has as many live tasks as the quota allows.
    Quota,
    /// The owner's live tasks take too many bytes for another one.
    NoRoom,
    /// The idempotency key stands for this task.
    Same(TaskId),
    /// The idempotency key stands for another call.
    Differs,
    /// The store failed.
    Store(StoreError),
}

impl From<StoreError> for NotCreated {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Reason why a change was not made.
#[derive(Debug)]
pub(crate) enum NotChanged {
    /// There is no such task.
    Missing,
    /// It has ended; as it is now, without parts.
    Ended(Box<Task>),
    /// Another worker has it.
    Lost,
    /// The store failed.
    Store(StoreError),
}
