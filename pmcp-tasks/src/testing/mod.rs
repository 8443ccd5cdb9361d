//! Aids for tests: contexts to call functions with, a clock moved by hand, a store that tells what it is asked for, the contract suite for storage
//! backends, a model to compare them with.

mod clock;
mod context;
pub mod contract;
mod counting;
pub(crate) mod fixtures;
pub mod model;

pub use clock::ManualClock;
pub use context::TestContext;
pub use counting::CountingBackend;

/// Runs a future to its end on a runtime of its own, with four threads so that spawned tasks really race.
///
/// # Panics
/// If the runtime cannot start, or the future panics.
#[expect(clippy::expect_used, reason = "a test without a runtime has failed")]
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(4).enable_all().build().expect("a runtime").block_on(future)
}
