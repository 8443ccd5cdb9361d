//! Records that cannot be read: each is told of once, and keeps nobody from the others.

use std::collections::HashSet;

use parking_lot::Mutex;

use super::{
    error::Failure,
    item::{Attributes as _, Item},
};

/// Number of records that are remembered to have been told of. Beyond it some are told of again.
const REMEMBERED: usize = 1000;

/// Records that were told of, by their keys and by what came of it.
#[derive(Debug, Default)]
pub(super) struct Told(Mutex<HashSet<(String, &'static str)>>);

impl Told {
    /// Tells the log of a record that is passed over, and what comes of that.
    pub(super) fn tell(&self, item: &Item, failure: &Failure, comes: &'static str) {
        let text = |name: &str| item.text(name).unwrap_or_default();
        let record = format!("{} {}", text("pk"), text("sk"));
        if self.is_new(&record, comes) {
            crate::heard::error!(%failure, record, "{comes}");
        }
    }

    fn is_new(&self, record: &str, comes: &'static str) -> bool {
        let mut told = self.0.lock();
        if told.len() >= REMEMBERED {
            told.clear();
        }
        told.insert((record.to_owned(), comes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_record_is_told_of_once() {
        let told = Told::default();
        assert!(told.is_new("a", "x") && told.is_new("b", "x") && told.is_new("a", "y"));
        assert!(!told.is_new("a", "x") && !told.is_new("a", "y"));
        for n in 0..2 * REMEMBERED {
            told.is_new(&n.to_string(), "x");
        }
        assert!(told.0.lock().len() <= REMEMBERED);
    }
}
