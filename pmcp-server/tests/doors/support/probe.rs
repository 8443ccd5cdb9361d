//! What a test learns of the tools and how it holds them.

use std::sync::Arc;

use tokio::sync::{Semaphore, watch};

use super::within;

/// Notes of what tools did, and a gate at which they wait.
#[derive(Clone, Debug)]
pub(crate) struct Probe {
    notes: Arc<watch::Sender<Vec<String>>>,
    gate: Arc<Semaphore>,
}

impl Probe {
    pub(crate) fn new() -> Self {
        Self { notes: Arc::new(watch::Sender::new(Vec::new())), gate: Arc::new(Semaphore::new(0)) }
    }

    /// A tool tells something.
    pub(crate) fn note(&self, text: impl Into<String>) {
        self.notes.send_modify(|notes| notes.push(text.into()));
    }

    /// How often this was noted.
    pub(crate) fn count(&self, text: &str) -> usize {
        self.notes.borrow().iter().filter(|note| *note == text).count()
    }

    /// Waits until this was noted so often.
    pub(crate) async fn noted(&self, text: &str, times: usize) {
        let mut notes = self.notes.subscribe();
        let enough = notes.wait_for(|notes| notes.iter().filter(|note| *note == text).count() >= times);
        within(enough).await.unwrap();
    }

    /// A tool waits to be let through.
    pub(crate) async fn gate(&self) {
        self.gate.acquire().await.unwrap().forget();
    }

    /// Lets so many tools through.
    pub(crate) fn open(&self, tools: usize) {
        self.gate.add_permits(tools);
    }
}
