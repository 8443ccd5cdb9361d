//! The item that is a task: its head, and what decides about writes.

use bytes::Bytes;

use super::{
    error::{Result, corrupt},
    expression::Expression,
    item::{self, Attributes as _, Item, text},
    key::{self, Key},
};
use crate::{
    store::backend::{
        Digest, Holder, HolderChange, NewTask, Put, Scope, Stamp, StoredTask, TASK_BYTES, WriteId, Written,
    },
    time::Millis,
};

/// Number of writes an item has room to remember: more than the 8 that are promised, as claims use up some.
const WRITES: u64 = 16;

/// Bytes of growth the owner's ledger counts from the beginning, of a head, of steps and of variables: only what grows beyond
/// has to be told to it.
pub(super) const HEAD_SLACK: u64 = 4 << 10;
pub(super) const PART_SLACK: u64 = 16 << 10;

/// Largest outcome, in bytes, to lie in the item of a sealed task, and the largest head it is to lie beside.
const INLINE_OUTCOME: usize = 1 << 10;
const INLINE_HEAD: usize = 2 << 10;

/// A task without its parts, and with what no caller sees.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) version: u64,
    pub(super) fence: u64,
    pub(super) holder: Option<Holder>,
    pub(super) open: bool,
    pub(super) stamp: Stamp,
    pub(super) expires: Millis,
    /// The head itself.
    pub(super) content: Bytes,
    /// Bytes all tasks of its owner may take when it is sealed.
    pub(super) max_bytes: u64,
    pub(super) body_bytes: u64,
    /// Number of its steps, and the bytes they take.
    pub(super) steps: u64,
    pub(super) step_bytes: u64,
    /// Bytes the owner's ledger counts for it while it is open, and those of them that are for its head and its steps.
    pub(super) reserved: u64,
    pub(super) content_reserve: u64,
    pub(super) step_reserve: u64,
    /// It has an item of variables.
    pub(super) has_variables: bool,
    pub(super) scope: Option<Scope>,
    pub(super) idempotency: Option<Digest>,
    /// An outcome that lies here; others have an item.
    pub(super) outcome: Option<Bytes>,
    pub(super) is_outcome_apart: bool,
    /// When it was sealed, and the bytes it takes since.
    pub(super) sealed: Option<(Millis, u64)>,
    writes: Vec<Bytes>,
}

impl Head {
    pub(super) fn read(item: &Item) -> Result<Self> {
        let sealed = match item.maybe_natural("sealed")? {
            Some(sealed) => Some((Millis(sealed), item.natural("took")?)),
            None => None,
        };
        let mut writes = Vec::new();
        for slot in 0..WRITES {
            writes.extend(item.maybe_blob(&slot_name(slot))?);
        }
        let scope = item.maybe_text("scope")?.map(|text| key::owner(text).ok_or_else(wrong)).transpose()?;
        Ok(Self {
            version: item.natural("ver")?,
            fence: item.natural("fence")?,
            holder: item.maybe_text("holder")?.map(|text| key::read_holder(text).ok_or_else(wrong)).transpose()?,
            open: sealed.is_none(),
            stamp: Stamp(item.natural("stamp")?),
            expires: Millis(item.natural("expires")?),
            content: item.blob("head")?,
            max_bytes: item.natural("max")?,
            body_bytes: item.natural("bodyb")?,
            steps: item.natural("steps")?,
            step_bytes: item.natural("stepb")?,
            reserved: item.natural("rsv")?,
            content_reserve: item.natural("headr")?,
            step_reserve: item.natural("stepr")?,
            has_variables: item.contains_key("vars"),
            scope: scope.map(Scope),
            idempotency: item.maybe_text("idem")?.map(|text| key::digest(text).ok_or_else(wrong)).transpose()?,
            outcome: item.maybe_blob("outcome")?,
            is_outcome_apart: item.contains_key("apart"),
            sealed,
            writes,
        })
    }

    /// The item of a new task.
    pub(super) fn create(new: &NewTask, key: Key, ttl: u64) -> Item {
        let mut item = item::item(key, ttl);
        let head_reserve = new.head.len() as u64 + HEAD_SLACK;
        let numbers = [
            ("ver", 1),
            ("fence", 1),
            ("stamp", new.stamp.0),
            ("expires", new.expires.0),
            ("max", new.max_bytes),
            ("bodyb", new.body.len() as u64),
            ("steps", 0),
            ("stepb", 0),
            ("stepr", PART_SLACK),
            ("headr", head_reserve),
            ("rsv", reserved(new)),
        ];
        item.extend(numbers.map(|(name, number)| (name.to_owned(), item::number(number))));
        item.insert("head".to_owned(), item::bytes(&new.head));
        item.insert("holder".to_owned(), text(key::holder_text(new.holder)));
        item.insert(slot_name(1), item::bytes(new.write.0.to_be_bytes()));
        if let Some(scope) = new.scope {
            item.insert("scope".to_owned(), text(scope.0.to_string()));
        }
        if let Some((digest, _)) = &new.idempotency {
            item.insert("idem".to_owned(), text(key::hex(digest)));
        }
        item
    }

    pub(super) fn exists(&self, now: Millis) -> bool {
        now < self.expires
    }

    pub(super) fn remembers(&self, write: WriteId) -> bool {
        self.writes.iter().any(|known| **known == write.0.to_be_bytes())
    }

    /// Answers a write of the head that was made before or cannot be made.
    pub(super) fn refuses(&self, put: &Put, now: Millis) -> Option<Written> {
        if !self.exists(now) {
            return Some(Written::Missing);
        }
        if self.remembers(put.write) {
            return Some(Written::Replayed(self.stored()));
        }
        let fenced_off = put.fence.is_some_and(|fence| fence != self.fence);
        (!self.open || put.version != self.version || fenced_off).then(|| Written::Conflict(self.stored()))
    }

    /// The holder and the fence after a change.
    pub(super) fn moved(&self, change: HolderChange) -> (Option<Holder>, u64) {
        match change {
            HolderChange::Keep => (self.holder, self.fence),
            HolderChange::Take(worker) => (Some(Holder::Worker(worker)), self.fence + 1),
            HolderChange::Queue => (Some(Holder::Queue), self.fence + 1),
            HolderChange::Release => (None, self.fence),
        }
    }

    /// Without parts.
    pub(super) fn stored(&self) -> StoredTask {
        StoredTask {
            version: self.version,
            fence: self.fence,
            holder: self.holder,
            open: self.open,
            stamp: self.stamp,
            expires: self.expires,
            head: self.content.clone(),
            body: None,
            variables: None,
            steps: None,
            outcome: None,
        }
    }

    /// The bytes it takes without its variables.
    pub(super) fn bytes(&self) -> u64 {
        TASK_BYTES + self.content.len() as u64 + self.body_bytes + self.step_bytes
    }

    /// A write of this very state: nothing was changed since it was read but perhaps steps that are counted in the reserve.
    pub(super) fn unchanged(&self, expression: Expression) -> Expression {
        let expression = expression
            .when("#ver = :ver")
            .when("attribute_not_exists(#sealed)")
            .when("#rsv = :rsv")
            .number(":ver", self.version)
            .number(":rsv", self.reserved);
        expression.when(if self.has_variables { "attribute_exists(#vars)" } else { "attribute_not_exists(#vars)" })
    }
}

/// Adds the head of a write, its version and its id to an update.
pub(super) fn written(expression: Expression, put: &Put) -> Expression {
    let version = put.version + 1;
    expression
        .set("#ver = :next")
        .set("#head = :head")
        .set("#slot = :write")
        .number(":next", version)
        .bytes(":head", &put.head)
        .name("#slot", slot_name(version % WRITES))
        .value(":write", item::bytes(put.write.0.to_be_bytes()))
}

/// Tells whether an outcome lies beside the head.
pub(super) fn is_inline(head: &Bytes, outcome: &Bytes) -> bool {
    outcome.len() <= INLINE_OUTCOME && head.len() <= INLINE_HEAD
}

/// Bytes the ledger counts for a new task.
pub(super) fn reserved(new: &NewTask) -> u64 {
    new.bytes() + HEAD_SLACK + 2 * PART_SLACK
}

fn slot_name(slot: u64) -> String {
    format!("w{slot}")
}

fn wrong() -> super::error::Failure {
    corrupt("a task", "a key in it has another form than was written")
}
