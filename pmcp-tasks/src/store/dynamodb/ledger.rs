//! The item that counts what an owner has: his open tasks, and bytes.
//!
//! Open tasks are entries that say when they expire, so that none leaks. Bytes of sealed tasks are summed up by the hour they
//! expire in, for the same reason: the service removes them without a word. `bytes` is the sum of everything, never too small:
//! while that leaves room, nothing else has to be read.

use std::collections::BTreeMap;

use super::{
    error::{Result, corrupt},
    expression::Expression,
    item::{Attributes as _, Item},
    key,
};
use crate::{id::TaskId, time::Millis};

const HOUR: u64 = 3_600_000;

/// Number of attributes one write removes at most.
const REMOVED_AT_ONCE: usize = 100;

/// An open task: when it expires, and the bytes that are reserved for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) expires: Millis,
    pub(super) bytes: u64,
}

impl Entry {
    pub(super) fn text(self) -> String {
        format!("{}:{}", self.expires.0, self.bytes)
    }

    fn read(text: &str) -> Option<Self> {
        let (expires, bytes) = text.split_once(':')?;
        Some(Self { expires: Millis(expires.parse().ok()?), bytes: bytes.parse().ok()? })
    }
}

/// An owner's ledger.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    /// Raised by every write; `None` where there is no item.
    revision: Option<u64>,
    live: BTreeMap<TaskId, Entry>,
    /// Bytes of sealed tasks, by the hour they expire in.
    sealed: BTreeMap<u64, u64>,
    /// Attributes to be removed with the next write.
    gone: Vec<String>,
}

impl Ledger {
    /// Reads what has not expired.
    pub(super) fn read(item: Option<&Item>, now: Millis) -> Result<Self> {
        let mut ledger = Self::default();
        let Some(item) = item else { return Ok(ledger) };
        ledger.revision = Some(item.natural("rev")?);
        for name in item.keys() {
            if let Some(task) = key::read_entry(name) {
                let entry = Entry::read(item.text(name)?)
                    .ok_or_else(|| corrupt("an owner's ledger", "an entry has another form"))?;
                if now < entry.expires {
                    ledger.live.insert(task, entry);
                } else {
                    ledger.gone.push(name.clone());
                }
            } else if let Some(hour) = name.strip_prefix('x').and_then(|hour| hour.parse().ok()) {
                let bytes = item.natural(name)?;
                if now.0 / HOUR <= hour {
                    ledger.sealed.insert(hour, bytes);
                } else {
                    ledger.gone.push(name.clone());
                }
            }
        }
        Ok(ledger)
    }

    /// Number of open tasks that have not expired.
    pub(super) fn count(&self) -> usize {
        self.live.len()
    }

    pub(super) fn contains(&self, task: TaskId) -> bool {
        self.live.contains_key(&task)
    }

    pub(super) fn live(&self) -> impl Iterator<Item = TaskId> {
        self.live.keys().copied()
    }

    pub(super) fn live_bytes(&self) -> u64 {
        self.live.values().map(|entry| entry.bytes).sum()
    }

    pub(super) fn sealed_bytes(&self) -> u64 {
        self.sealed.values().sum()
    }

    pub(super) fn insert(&mut self, task: TaskId, entry: Entry) {
        self.live.insert(task, entry);
    }

    pub(super) fn remove(&mut self, task: TaskId) {
        if self.live.remove(&task).is_some() {
            self.gone.push(key::entry(task));
        }
    }

    pub(super) fn seal(&mut self, expires: Millis, bytes: u64) {
        *self.sealed.entry(expires.0 / HOUR).or_default() += bytes;
    }

    /// Tells whether sealed tasks that expire then still count.
    pub(super) fn counts(&self, expires: Millis) -> bool {
        self.sealed.contains_key(&(expires.0 / HOUR))
    }

    /// Takes back a sealed task.
    pub(super) fn forget(&mut self, expires: Millis, bytes: u64) {
        if let Some(sum) = self.sealed.get_mut(&(expires.0 / HOUR)) {
            *sum = sum.saturating_sub(bytes);
        }
    }

    /// Takes back all sealed tasks: there are none any more.
    pub(super) fn forget_all(&mut self) {
        self.sealed.values_mut().for_each(|sum| *sum = 0);
    }

    /// The write of this ledger, unless it was written since it was read.
    pub(super) fn write(&self, ttl: u64) -> Expression {
        let mut expression = match self.revision {
            Some(revision) => Expression::new().when("#rev = :seen").number(":seen", revision),
            None => Expression::new().when("attribute_not_exists(#rev)"),
        };
        let gone: Vec<_> = self.gone.iter().filter(|name| !self.has(name)).take(REMOVED_AT_ONCE).collect();
        for (n, name) in gone.iter().enumerate() {
            expression = expression.remove(format!("#g{n}")).name(format!("#g{n}"), name.as_str());
        }
        expression = expression
            .set("#rev = :rev")
            .set("#n = :n")
            .set("#bytes = :bytes")
            .set("#ttl = :ttl")
            .number(":rev", self.revision.map_or(1, |revision| revision + 1))
            .number(":n", self.live.len() as u64)
            .number(":bytes", self.live_bytes() + self.sealed_bytes())
            .number(":ttl", ttl);
        for (hour, bytes) in &self.sealed {
            expression = expression.set(format!("#x{hour} = :x{hour}")).number(format!(":x{hour}"), *bytes);
        }
        expression
    }

    fn has(&self, name: &str) -> bool {
        key::read_entry(name).is_some_and(|task| self.live.contains_key(&task))
    }
}

/// Adds a task's entry to the write of a ledger.
pub(super) fn entered(expression: Expression, task: TaskId, entry: Entry) -> Expression {
    expression.set("#entry = :entry").name("#entry", key::entry(task)).text(":entry", entry.text())
}

/// Tells the ledger that a task takes more.
pub(super) fn grown(task: TaskId, entry: Entry, by: u64) -> Expression {
    let expression = Expression::new().when("attribute_exists(#entry)").add("#bytes :grown").add("#rev :one");
    entered(expression, task, entry).number(":grown", by).number(":one", 1)
}

/// The name of the sum of sealed tasks that expire when this one does.
pub(super) fn sum(expires: Millis) -> String {
    format!("x{}", expires.0 / HOUR)
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;

    use super::*;
    use crate::{
        store::dynamodb::item::number,
        testing::fixtures::{NOW, TTL, later, task},
    };

    #[test]
    fn what_has_expired_counts_no_more() {
        let mut item = Item::from([("rev".to_owned(), number(7_u64)), ("n".to_owned(), number(3_u64))]);
        for (n, expires) in [(1, TTL), (2, TTL), (3, 3 * TTL)] {
            let entry = Entry { expires: later(expires), bytes: 100 * u64::from(n) };
            item.insert(key::entry(task(n).key.id), AttributeValue::S(entry.text()));
            item.insert(sum(later(expires)), number(u64::from(n)));
        }
        let ledger = Ledger::read(Some(&item), NOW).unwrap();
        assert_eq!((ledger.count(), ledger.live_bytes(), ledger.sealed_bytes()), (3, 600, 5));
        let mut ledger = Ledger::read(Some(&item), later(2 * TTL)).unwrap();
        assert_eq!((ledger.count(), ledger.live_bytes(), ledger.sealed_bytes()), (1, 300, 3));
        ledger.remove(task(3).key.id);
        let write = ledger.write(9);
        assert_eq!(write.condition().unwrap(), "#rev = :seen");
        assert_eq!(write.update().matches("#g").count(), 4, "{}", write.update());
        assert_eq!(Ledger::read(None, NOW).unwrap().write(9).condition().unwrap(), "attribute_not_exists(#rev)");
    }
}
