//! Bounds on what a run keeps of its steps: the server's limits, and what the store takes.

use crate::{limits::Limits, store::backend::Capabilities};

/// Bounds on what is recorded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    /// The largest result by the server's limits, in bytes.
    result: u64,
    /// The largest part the store takes.
    store: u64,
    /// The results of all steps.
    run: u64,
}

impl Room {
    /// The bounds of this server on this store.
    pub(crate) fn of(limits: &Limits, store: &Capabilities) -> Self {
        Self { result: limits.max_result.into(), store: store.max_part.into(), run: limits.max_workflow_results }
    }

    /// The largest part, in bytes.
    pub(crate) fn part(self) -> u64 {
        self.result.min(self.store)
    }

    /// Fails if the record of a step has more bytes than may be, beside so many of other steps; the text says which bound it is.
    pub(crate) fn takes(self, record: usize, others: u64) -> Result<(), String> {
        let size = record as u64;
        // With the step's arguments, which are kept beside its result.
        if size > self.result {
            return Err(format!("it has {size} bytes with its arguments; {} are allowed", self.result));
        }
        if size > self.store {
            return Err(format!("it has {size} bytes with its arguments; the store takes {}", self.store));
        }
        if others + size > self.run {
            let all = others + size;
            return Err(format!("the results of this run would have {all} bytes; {} are allowed", self.run));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_told_with_its_size_and_the_bound() {
        let room = Room { result: 100, store: 50, run: 80 };
        assert_eq!(room.takes(50, 30), Ok(()));
        let told = |record, others| room.takes(record, others).unwrap_err();
        assert_eq!(told(101, 0), "it has 101 bytes with its arguments; 100 are allowed");
        assert_eq!(told(51, 0), "it has 51 bytes with its arguments; the store takes 50");
        assert_eq!(told(50, 31), "the results of this run would have 81 bytes; 80 are allowed");
        assert_eq!(room.part(), 50);
    }
}
