//! Answers of scripts.

use std::collections::BTreeMap;

use bytes::Bytes;
use redis::Value;

use super::{
    error::{Failure, Result},
    names,
};
use crate::{
    store::backend::{Stamp, StoredTask},
    time::Millis,
};

/// The fields that every task is read with, as scripts name them.
pub(super) const FIELDS: [&str; 7] = ["v", "f", "h", "z", "s", "e", "d"];

/// The items of an answer, one after another.
pub(super) struct Items(std::vec::IntoIter<Value>);

impl Items {
    pub(super) fn of(value: Value) -> Result<Self> {
        match value {
            Value::Array(items) => Ok(Self(items.into_iter())),
            _ => Err(wrong()),
        }
    }

    pub(super) fn value(&mut self) -> Result<Value> {
        self.0.next().ok_or_else(wrong)
    }

    pub(super) fn bytes(&mut self) -> Result<Bytes> {
        bytes(self.value()?)
    }

    pub(super) fn number(&mut self) -> Result<u64> {
        number(&self.value()?)
    }

    /// The next item; none if there is nothing in its place.
    pub(super) fn optional(&mut self) -> Result<Option<Bytes>> {
        match self.value()? {
            Value::Nil => Ok(None),
            value => bytes(value).map(Some),
        }
    }

    /// A task, as [`FIELDS`] have it; none if there is none. A field beside them is corrupt if it is missing.
    pub(super) fn task(&mut self) -> Result<Option<StoredTask>> {
        let version = match self.value()? {
            Value::Nil => return Ok(None),
            version => number(&version)?,
        };
        Ok(Some(StoredTask {
            version,
            fence: self.number()?,
            holder: names::holder(&self.bytes()?)?,
            // The time it was sealed.
            open: self.optional()?.is_none(),
            stamp: Stamp(self.eight_bytes()?),
            expires: Millis(self.eight_bytes()?),
            head: self.bytes()?,
            body: None,
            variables: None,
            steps: None,
            outcome: None,
        }))
    }

    fn eight_bytes(&mut self) -> Result<u64> {
        let bytes = self.bytes()?;
        Ok(u64::from_be_bytes(bytes[..].try_into().map_err(|_| wrong())?))
    }
}

impl Iterator for Items {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        self.0.next()
    }
}

pub(super) fn bytes(value: Value) -> Result<Bytes> {
    match value {
        Value::BulkString(bytes) => Ok(bytes.into()),
        Value::SimpleString(text) => Ok(text.into()),
        _ => Err(wrong()),
    }
}

pub(super) fn number(value: &Value) -> Result<u64> {
    match value {
        Value::Int(number) => u64::try_from(*number).map_err(|_| wrong()),
        Value::BulkString(digits) => {
            let digits = std::str::from_utf8(digits).map_err(|_| wrong())?;
            digits.parse().map_err(|_| wrong())
        }
        _ => Err(wrong()),
    }
}

pub(super) fn text(value: Value) -> Result<String> {
    String::from_utf8(bytes(value)?.into()).map_err(|_| wrong())
}

/// Cells of a task: names and values in turn.
pub(super) fn cells<N: Ord>(value: Value, name: impl Fn(String) -> N) -> Result<BTreeMap<N, Bytes>> {
    let mut items = Items::of(value)?;
    let mut cells = BTreeMap::new();
    while let Some(key) = items.next() {
        cells.insert(name(text(key)?), items.bytes()?);
    }
    Ok(cells)
}

fn wrong() -> Failure {
    Failure::Corrupt("a task")
}
