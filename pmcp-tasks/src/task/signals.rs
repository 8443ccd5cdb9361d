//! Signals: values that somebody outside gives a task, each once, as its head keeps account of them.
//!
//! The head has names alone, so that whoever looks at a task reads no values; a value is a recorded step of the task, written with
//! the head that names it. So one of racing deliveries is the first, and what was delivered is there for every run.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The version of the head of a task that has signals, and the newest this build reads: builds that know no signals refuse it.
pub(super) const SIGNALS_SCHEMA: u32 = 3;

/// The longest name of a signal, with the names of the parts it is asked for in, in bytes.
pub(crate) const MAX_SIGNAL_NAME: usize = 512;

/// The largest value of a signal as JSON, in bytes.
pub(crate) const MAX_SIGNAL: usize = 64 << 10;

/// Signals that are kept although the task has not asked for them.
pub(crate) const MAX_EARLY: usize = 64;

/// Bytes of their names and values.
pub(crate) const MAX_EARLY_BYTES: usize = 256 << 10;

/// The largest schema that deliveries are held against, as JSON in bytes: a larger one would be read with every look at the task.
const MAX_SCHEMA: usize = 8 << 10;

/// Beginning of the names of steps that are the values of signals.
pub(crate) const SIGNAL: &str = "run.pmcp/signal/";

/// Beginning of the names of steps that say when a timer is due, and how long it was to run: two numbers of milliseconds.
pub(crate) const TIMER: &str = "run.pmcp/timer/";

/// The signal that says that the user is done with the page of this id.
pub(crate) fn elicitation_signal(id: &str) -> String {
    format!("run.pmcp/elicitation/{id}")
}

/// The step that a signal's value is recorded as.
pub(crate) fn signal_step(name: &str) -> String {
    format!("{SIGNAL}{name}")
}

/// The signals of a task. Fields are in the order of their names: see [`canonical`](super::canonical).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Signals {
    /// Those it has asked for and that have not come: the schemas of their values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    asked: BTreeMap<String, Value>,
    /// Those that came and that it has not asked for: the bytes they take.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    early: BTreeMap<String, u32>,
    /// Those that came.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    given: BTreeSet<String>,
}

impl Signals {
    pub(crate) fn is_empty(&self) -> bool {
        self.asked.is_empty() && self.given.is_empty()
    }

    /// Those that the task has asked for and that have not come: the schemas of their values.
    pub(crate) fn asked(&self) -> &BTreeMap<String, Value> {
        &self.asked
    }

    /// Those that came.
    pub(crate) fn given(&self) -> &BTreeSet<String> {
        &self.given
    }

    /// Those that came and that the task has not asked for.
    #[cfg(test)]
    pub(super) fn early(&self) -> impl Iterator<Item = &str> {
        self.early.keys().map(String::as_str)
    }

    /// Tells whether the head has to be written for the task to ask for this one.
    pub(crate) fn asks_anew(&self, name: &str, schema: &Value) -> bool {
        if self.given.contains(name) {
            self.early.contains_key(name)
        } else {
            self.asked.get(name) != Some(&kept(schema))
        }
    }

    /// Tells whether one more that nobody asked for is kept, which takes this many bytes.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        let taken: usize = self.early.values().map(|bytes| *bytes as usize).sum();
        self.early.len() < MAX_EARLY && taken + bytes <= MAX_EARLY_BYTES
    }

    /// The task asks for it, and waits unless it has come.
    pub(super) fn ask(&mut self, name: &str, schema: &Value) {
        self.early.remove(name);
        if !self.given.contains(name) {
            self.asked.insert(name.to_owned(), kept(schema));
        }
    }

    /// It comes; the first value stands.
    pub(super) fn give(&mut self, name: &str, bytes: u32) {
        if self.given.insert(name.to_owned()) && self.asked.remove(name).is_none() {
            self.early.insert(name.to_owned(), bytes);
        }
    }

    /// The task ends: it waits for nothing, and what came stays told apart from what did not.
    pub(super) fn end(&mut self) {
        self.asked.clear();
        self.early.clear();
    }
}

/// A schema as the head keeps it.
fn kept(schema: &Value) -> Value {
    if schema.to_string().len() > MAX_SCHEMA { Value::Bool(true) } else { schema.clone() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_that_comes_early_takes_room_until_it_is_asked_for() {
        let mut signals = Signals::default();
        signals.give("paid", 100);
        signals.give("paid", 7);
        assert_eq!((signals.early().collect::<Vec<_>>(), signals.asked().len()), (vec!["paid"], 0));
        assert!(signals.has_room(MAX_EARLY_BYTES - 100) && !signals.has_room(MAX_EARLY_BYTES - 99));
        assert!(signals.asks_anew("paid", &json!({})));
        signals.ask("paid", &json!({}));
        assert!(signals.has_room(MAX_EARLY_BYTES) && !signals.asks_anew("paid", &json!({})));
        assert!(signals.given().contains("paid") && signals.asked().is_empty());
    }

    #[test]
    fn as_many_are_kept_as_the_bound_says_beside_those_that_are_asked_for() {
        let mut signals = Signals::default();
        for n in 0..MAX_EARLY {
            assert!(signals.has_room(1));
            signals.give(&n.to_string(), 1);
        }
        assert!(!signals.has_room(1));
        signals.ask("asked", &json!({}));
        signals.give("asked", 1);
        assert_eq!((signals.early().count(), signals.given().len()), (MAX_EARLY, MAX_EARLY + 1));
    }

    #[test]
    fn a_schema_that_is_too_large_to_be_kept_lets_everything_through() {
        let mut signals = Signals::default();
        let schema = json!({ "enum": vec!["x".repeat(100); 100] });
        signals.ask("large", &schema);
        assert_eq!(signals.asked()["large"], json!(true));
        assert!(!signals.asks_anew("large", &schema));
    }
}
