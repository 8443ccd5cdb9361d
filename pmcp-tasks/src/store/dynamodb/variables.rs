//! The item of a task's variables: a copy of the fence, so that a change of variables is one write of one item.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use bytes::Bytes;

use super::{
    error::{Failure, Result, corrupt},
    item::{self, Attributes as _, Item},
    key::Key,
};
use crate::{
    store::backend::{Field, FieldOp, Guard, WriteId},
    time::Millis,
};

/// Largest size of the names and values of all variables of a task together, in bytes: 350 KiB. An item is at most 400 KB.
pub(super) const MAX_BYTES: u32 = 350 << 10;

/// Largest size of them as they are stored, in bytes.
const MAX_STORED: u64 = 380 << 10;

/// Bytes each of them takes beside its name and value, at most.
const FIELD_BYTES: u64 = 8;

/// Number of writes that are remembered at least, and the number at which the oldest are forgotten.
const REMEMBERED: usize = 64;
pub(super) const MOST_REMEMBERED: usize = 96;

/// Variables as they are stored.
#[derive(Clone, Debug, Default)]
pub(super) struct Variables {
    pub(super) fields: BTreeMap<Field, Bytes>,
    /// Raised by every change.
    pub(super) revision: u64,
    /// Bytes the owner's ledger counts for them.
    pub(super) reserve: u64,
    pub(super) writes: Vec<AttributeValue>,
}

/// Reason why changes cannot be made.
#[derive(Debug)]
pub(super) enum NotChanged {
    Field(Field),
    TooLarge,
}

impl Variables {
    pub(super) fn read(item: &Item) -> Result<Self> {
        let Some(AttributeValue::M(cells)) = item.get("v") else { return Err(wrong("they are missing")) };
        let mut fields = BTreeMap::new();
        for (name, value) in cells {
            let AttributeValue::B(value) = value else { return Err(wrong("one is not bytes")) };
            fields.insert(Field::from(name.as_str()), Bytes::copy_from_slice(value.as_ref()));
        }
        let Some(AttributeValue::L(writes)) = item.get("m") else { return Err(wrong("their writes are missing")) };
        Ok(Self { fields, revision: item.natural("rev")?, reserve: item.natural("rsv")?, writes: writes.clone() })
    }

    pub(super) fn remembers(&self, write: WriteId) -> bool {
        self.writes.contains(&short(write))
    }

    /// Bytes of names and values.
    pub(super) fn bytes(&self) -> u64 {
        self.fields.iter().map(|(name, value)| (name.len() + value.len()) as u64).sum()
    }

    /// Bytes in the item.
    pub(super) fn stored_bytes(&self) -> u64 {
        self.bytes() + FIELD_BYTES * self.fields.len() as u64
    }

    /// These with changes, or why not.
    pub(super) fn changed(&self, ops: &[(Field, FieldOp)], max_bytes: u32) -> Result<Result<Self, NotChanged>> {
        let mut changed = self.clone();
        for (field, op) in ops {
            match op {
                FieldOp::SetIf { was, .. } if was.as_ref() != self.fields.get(field) => {
                    return Ok(Err(NotChanged::Field(field.clone())));
                }
                FieldOp::Set(value) | FieldOp::SetIf { value, .. } => {
                    changed.fields.insert(field.clone(), value.clone())
                }
                FieldOp::Remove => changed.fields.remove(field),
            };
        }
        let size = changed.bytes();
        if size > u64::from(max_bytes) {
            return Ok(Err(NotChanged::TooLarge));
        }
        // What the service would not store is told before it is sent.
        if size > u64::from(MAX_BYTES) || changed.stored_bytes() > MAX_STORED {
            return Err(Failure::TooLarge { size: changed.stored_bytes(), max: MAX_BYTES });
        }
        changed.revision += 1;
        Ok(Ok(changed))
    }

    /// Adds a write to those remembered, and forgets the oldest.
    pub(super) fn remember(&mut self, write: WriteId) {
        let excess = (self.writes.len() + 1).saturating_sub(REMEMBERED);
        self.writes.drain(..excess);
        self.writes.push(short(write));
    }

    pub(super) fn map(&self) -> AttributeValue {
        let cell = |(name, value): (&Field, &Bytes)| (name.to_string(), item::bytes(value));
        AttributeValue::M(self.fields.iter().map(cell).collect::<HashMap<_, _>>())
    }

    /// The item.
    pub(super) fn create(&self, key: Key, fence: u64, expires: Millis, ttl: u64) -> Item {
        let mut item = item::item(key, ttl);
        let numbers = [
            ("fence", fence),
            ("expires", expires.0),
            ("rev", self.revision),
            ("rsv", self.reserve),
            ("bound", self.bytes()),
            ("free", self.free()),
        ];
        item.extend(numbers.map(|(name, number)| (name.to_owned(), item::number(number))));
        item.insert("v".to_owned(), self.map());
        item.insert("m".to_owned(), AttributeValue::L(self.writes.clone()));
        item
    }

    /// Bytes they may grow by until the ledger has to know.
    pub(super) fn free(&self) -> u64 {
        self.reserve.saturating_sub(self.stored_bytes())
    }
}

/// Growth that changes bring at most, in bytes: of names and values, and in the item. What a value replaces is not known.
pub(super) fn growth(ops: &[(Field, FieldOp)]) -> (i128, i128) {
    let (mut bytes, mut stored) = (0, 0);
    for (field, op) in ops {
        let grown = match op {
            FieldOp::Remove => continue,
            FieldOp::SetIf { was: Some(was), value } => {
                bytes += value.len() as i128 - was.len() as i128;
                stored += value.len() as i128 - was.len() as i128;
                continue;
            }
            FieldOp::Set(value) | FieldOp::SetIf { was: None, value } => (field.len() + value.len()) as i128,
        };
        bytes += grown;
        stored += grown + i128::from(FIELD_BYTES);
    }
    (bytes, stored)
}

/// Tells whether a task may be written under a guard.
pub(super) fn holds(guard: Guard, fence: u64) -> bool {
    match guard {
        Guard::Fence(held) => held == fence,
        Guard::Open => true,
    }
}

/// A write in the list of those made: 64 bits are plenty among a hundred. Both halves count, as those of one process may begin or end alike.
pub(super) fn short(write: WriteId) -> AttributeValue {
    let [high, low] = [write.0 >> 64, write.0 & u128::from(u64::MAX)];
    item::bytes(&(high ^ low).to_be_bytes()[8..])
}

fn wrong(why: &'static str) -> Failure {
    corrupt("the variables of a task", why)
}
