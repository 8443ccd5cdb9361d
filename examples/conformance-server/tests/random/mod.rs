//! Chance that can be repeated.

use std::sync::atomic::{AtomicU64, Ordering};

/// Random numbers that come again with their seed (splitmix64).
pub(crate) struct Random(AtomicU64);

impl Random {
    /// Seeded by the environment, so that a failure can be repeated, or else by the clock.
    pub(crate) fn new() -> Self {
        let now = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let seed = std::env::var("CRASH_SEED").map_or_else(|_| now(), |seed| seed.parse().unwrap());
        eprintln!("CRASH_SEED={seed}");
        Self(AtomicU64::new(seed))
    }

    pub(crate) fn below(&self, bound: u64) -> u64 {
        let mut bits = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)) % bound
    }
}
