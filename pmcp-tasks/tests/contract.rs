//! The backends keep the contract.

use pmcp_tasks::{storage_contract, store::MemoryBackend};

storage_contract!(memory, MemoryBackend::new());

// The directory goes with the test, as what the expression borrows from does.
#[cfg(feature = "sqlite")]
storage_contract!(
    sqlite,
    pmcp_tasks::store::SqliteBackend::open(tempfile::tempdir().unwrap().path().join("tasks.db")).await.unwrap()
);
