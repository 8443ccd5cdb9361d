//! The choices of a run: all of them from its seed.

use std::{fmt, sync::Mutex, time::Duration};

use pmcp_tasks::{random::Randomness, store::StoreError};

/// A stream of choices (`SplitMix64`).
#[derive(Debug)]
pub(crate) struct Choices(Mutex<u64>);

impl Choices {
    /// The stream `number` of a seed; they do not depend on each other.
    pub(crate) fn new(seed: u64, number: u64) -> Self {
        let start =
            Self(Mutex::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number.wrapping_mul(0xd1b5_4a32_d192_ed03)));
        start.next();
        start
    }

    pub(crate) fn next(&self) -> u64 {
        let mut state = self.0.lock().unwrap();
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `n`, or 0.
    pub(crate) fn below(&self, n: u64) -> u64 {
        self.next() % n.max(1)
    }

    /// A number from `from` to `to`, both included.
    pub(crate) fn between(&self, from: u64, to: u64) -> u64 {
        from + self.below(to - from + 1)
    }

    pub(crate) fn index(&self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap()
    }

    /// True `per_mille` times in a thousand.
    pub(crate) fn chance(&self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    pub(crate) fn pick<T: Copy>(&self, from: &[T]) -> T {
        from[self.index(from.len())]
    }

    pub(crate) fn pick_of<'a, T>(&self, from: &'a [T]) -> &'a T {
        &from[self.index(from.len())]
    }

    /// A span from `from` to `to` milliseconds.
    pub(crate) fn span(&self, from: u64, to: u64) -> Duration {
        Duration::from_millis(self.between(from, to))
    }
}

/// The ids an instance gives.
pub(crate) struct Ids(pub(crate) Choices);

impl fmt::Debug for Ids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ids")
    }
}

impl Randomness for Ids {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), StoreError> {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.0.next().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}
