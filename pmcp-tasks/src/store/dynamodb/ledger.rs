//! The item that counts what an owner has: his open tasks, and bytes.
//!
//! Open tasks are entries that say when they expire, so that none leaks. Bytes of sealed tasks are summed up by the hour they
//! expire in, for the same reason: the service removes them without a word. `n` and `bytes` count everything that the item holds,
//! expired or not, and are never too small: while they leave room, nothing else has to be read.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    error::{Result, corrupt},
    expression::Expression,
    item::{Attributes as _, Item},
    key,
};
use crate::{id::TaskId, time::Millis};

const HOUR: u64 = 3_600_000;

/// Number of attributes one write removes at most: the service takes expressions of 4 KB.
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
    /// Hours whose sums are others than were read.
    changed: BTreeSet<u64>,
    /// Attributes to be removed, these before others.
    gone: Vec<Gone>,
}

/// An attribute that counts no more. Until it is removed it is counted, as others may take it back.
#[derive(Clone, Debug)]
struct Gone {
    name: String,
    tasks: u64,
    bytes: u64,
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
                    ledger.gone.push(Gone { name: name.clone(), tasks: 1, bytes: entry.bytes });
                }
            } else if let Some(hour) = read_sum(name) {
                let bytes = item.natural(name)?;
                if now.0 / HOUR <= hour {
                    ledger.sealed.insert(hour, bytes);
                } else {
                    ledger.gone.push(Gone { name: name.clone(), tasks: 0, bytes });
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

    pub(super) fn live(&self) -> impl Iterator<Item = (TaskId, Entry)> {
        self.live.iter().map(|(task, entry)| (*task, *entry))
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
        if let Some(entry) = self.live.remove(&task) {
            // Before what has expired: it would count as open.
            self.gone.insert(0, Gone { name: key::entry(task), tasks: 1, bytes: entry.bytes });
        }
    }

    pub(super) fn seal(&mut self, expires: Millis, bytes: u64) {
        *self.sealed.entry(expires.0 / HOUR).or_default() += bytes;
        self.changed.insert(expires.0 / HOUR);
    }

    /// Tells whether sealed tasks that expire then still count.
    pub(super) fn counts(&self, expires: Millis) -> bool {
        self.sealed.contains_key(&(expires.0 / HOUR))
    }

    /// Takes back a sealed task.
    pub(super) fn forget(&mut self, expires: Millis, bytes: u64) {
        if let Some(sum) = self.sealed.get_mut(&(expires.0 / HOUR)) {
            *sum = sum.saturating_sub(bytes);
            self.changed.insert(expires.0 / HOUR);
        }
    }

    /// Takes back all sealed tasks: there are none any more.
    pub(super) fn forget_all(&mut self) {
        self.changed.clear();
        let sums = std::mem::take(&mut self.sealed).into_iter();
        self.gone.extend(sums.map(|(hour, bytes)| Gone { name: sum_of(hour), tasks: 0, bytes }));
    }

    /// The write of this ledger, unless it was written since it was read.
    pub(super) fn write(&self, ttl: u64) -> Expression {
        let mut expression = match self.revision {
            Some(revision) => Expression::new().when("#rev = :seen").number(":seen", revision),
            None => Expression::new().when("attribute_not_exists(#rev)"),
        };
        let mut gone = self.gone.iter().filter(|gone| !self.has(&gone.name));
        for (n, gone) in gone.by_ref().take(REMOVED_AT_ONCE).enumerate() {
            expression = expression.remove(format!("#g{n}")).name(format!("#g{n}"), gone.name.as_str());
        }
        let (tasks, bytes) = gone.fold((0, 0), |(tasks, bytes), left| (tasks + left.tasks, bytes + left.bytes));
        expression = expression
            .set("#rev = :rev")
            .set("#n = :n")
            .set("#bytes = :bytes")
            .set("#ttl = :ttl")
            .number(":rev", self.revision.map_or(1, |revision| revision + 1))
            .number(":n", self.live.len() as u64 + tasks)
            .number(":bytes", self.live_bytes() + self.sealed_bytes() + bytes)
            .number(":ttl", ttl);
        for (hour, bytes) in self.sealed.iter().filter(|(hour, _)| self.changed.contains(hour)) {
            expression = expression.set(format!("#x{hour} = :x{hour}")).number(format!(":x{hour}"), *bytes);
        }
        expression
    }

    fn has(&self, name: &str) -> bool {
        key::read_entry(name).is_some_and(|task| self.live.contains_key(&task))
            || read_sum(name).is_some_and(|hour| self.sealed.contains_key(&hour))
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
    sum_of(expires.0 / HOUR)
}

fn sum_of(hour: u64) -> String {
    format!("x{hour}")
}

fn read_sum(name: &str) -> Option<u64> {
    name.strip_prefix('x')?.parse().ok()
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

    /// An owner of many long-lived tasks: hours in which they expire, and more that have expired than one write removes.
    fn full(hours: u64) -> Item {
        let mut item = Item::from([("rev".to_owned(), number(7_u64))]);
        for n in 0..150 {
            let entry = Entry { expires: NOW, bytes: 10 };
            item.insert(key::entry(task(n).key.id), AttributeValue::S(entry.text()));
        }
        item.extend((1..=hours).map(|hour| (sum(later(hour * HOUR)), number(1000_u64))));
        item
    }

    fn value(write: &Expression, placeholder: &str) -> u64 {
        write.values().unwrap()[placeholder].as_n().unwrap().parse().unwrap()
    }

    #[test]
    fn what_is_not_removed_is_counted() {
        let mut ledger = Ledger::read(Some(&full(3)), NOW).unwrap();
        assert_eq!((ledger.count(), ledger.live_bytes(), ledger.sealed_bytes()), (0, 0, 3000));
        ledger.insert(task(200).key.id, Entry { expires: later(TTL), bytes: 100 });
        let write = ledger.write(9);
        assert_eq!((value(&write, ":n"), value(&write, ":bytes")), (1 + 50, 100 + 3000 + 50 * 10));
        // One that ends goes first.
        ledger.remove(task(200).key.id);
        let write = ledger.write(9);
        assert!(write.names().unwrap().values().any(|name| *name == key::entry(task(200).key.id)));
        assert_eq!(value(&write, ":n"), 51);
        ledger.forget_all();
        ledger.seal(later(HOUR), 70);
        let write = ledger.write(9);
        assert_eq!(value(&write, ":bytes"), 70 + 51 * 10 + 2 * 1000);
    }

    #[test]
    fn a_week_of_hours_fits_an_expression() {
        let mut ledger = Ledger::read(Some(&full(24 * 7)), NOW).unwrap();
        for hour in 1..=40 {
            ledger.forget(later(hour * HOUR), 400);
        }
        ledger.seal(later(HOUR), 70);
        let write = ledger.write(9);
        assert!(write.update().len() < 4096, "{}", write.update().len());
        assert_eq!(value(&write, ":bytes"), (24 * 7 - 40) * 1000 + 40 * 600 + 70 + 50 * 10);
        ledger.forget_all();
        assert!(ledger.write(9).update().len() < 4096);
    }
}
