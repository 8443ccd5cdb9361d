//! Randomness as the runtime sees it: injected, so that tests can repeat it.

use std::fmt;

use crate::error::StoreError;

/// The source of random bytes: ids, write ids, handles.
pub trait Randomness: fmt::Debug + Send + Sync + 'static {
    /// Fills the buffer with bytes nobody can predict.
    ///
    /// # Errors
    /// The source fails.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), StoreError>;
}

/// The randomness of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandomness;

impl Randomness for SystemRandomness {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), StoreError> {
        getrandom::fill(bytes)
            .map_err(|source| StoreError::Unavailable { backend: "randomness", source: Box::new(source) })
    }
}
