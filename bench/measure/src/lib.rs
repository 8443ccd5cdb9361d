//! What our side of the benchmarks and the peers have in common: the load, the runtime, samples, and how a peer in a
//! process of its own is told what to measure.

mod peer;
mod samples;

pub use peer::{Peer, answer};
pub use samples::Samples;
use tokio::runtime::{Builder, Runtime};

/// What the tool is given, and gives back.
pub const PAYLOAD: &str = "hello";

/// What an in-process connection holds in each direction, in bytes.
pub const BUFFER: usize = 64 << 10;

/// Work of so long and up to a fifth more, a different part for each of several: were it a multiple of an interval at which
/// its end is asked for, its end would be known by chance at once.
#[must_use]
pub fn drawn_out(milliseconds: u64, number: u64, of: u64) -> u64 {
    milliseconds + milliseconds * number / (5 * of)
}

/// The threads that client and server share, as many on every side.
#[derive(Debug)]
pub struct Workers(Runtime);

impl Workers {
    /// Starts them. One is the thread that measures.
    ///
    /// # Errors
    /// The system gives no threads.
    pub fn new(threads: usize) -> anyhow::Result<Self> {
        let mut runtime = if threads == 1 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
        Ok(Self(runtime.worker_threads(threads).enable_all().build()?))
    }

    /// Runs a future on them and waits for its result.
    ///
    /// # Errors
    /// The future's.
    pub fn run<T: Send + 'static>(
        &self,
        future: impl Future<Output = anyhow::Result<T>> + Send + 'static,
    ) -> anyhow::Result<T> {
        // Spawned, or the client would have a third thread for itself.
        self.0.block_on(async { tokio::spawn(future).await? })
    }
}
