//! Randomness that repeats, and that fails.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
};

use pmcp_tasks::{random::Randomness, store::StoreError};

/// Random numbers that come again with their seed (splitmix64). Clones are one source.
#[derive(Clone, Debug)]
pub(crate) struct Seeded {
    state: Arc<AtomicU64>,
    fails: Arc<AtomicBool>,
    /// How many more times it does not.
    left: Arc<AtomicUsize>,
    given: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Seeded {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            state: Arc::new(AtomicU64::new(seed)),
            fails: Arc::default(),
            left: Arc::default(),
            given: Arc::default(),
        }
    }

    /// Whether there is no randomness from now on.
    pub(crate) fn fail(&self, fails: bool) {
        self.fails.store(fails, Ordering::SeqCst);
    }

    /// There is no randomness after it was asked for so many times.
    pub(crate) fn fail_after(&self, times: usize) {
        self.left.store(times, Ordering::SeqCst);
        self.fail(true);
    }

    /// What it gave since the last call.
    pub(crate) fn take(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut *self.given.lock().unwrap())
    }
}

impl Randomness for Seeded {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), StoreError> {
        let is_left = || self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        if self.fails.load(Ordering::SeqCst) && !is_left() {
            return Err(StoreError::Unavailable { backend: "seeded", source: "no randomness is left".into() });
        }
        for chunk in bytes.chunks_mut(8) {
            let mut bits = self.state.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
            bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(bits ^ (bits >> 31)).to_be_bytes()[..chunk.len()]);
        }
        self.given.lock().unwrap().push(bytes.to_vec());
        Ok(())
    }
}
