//! Storing bytes: the port backends implement, and the backends. No rule of tasks lives here.
//!
//! A backend keeps heads, bodies, variables, steps and outcomes that it cannot read, and decides by what lies beside
//! them (version, fence, seal, expiry) whether a write is accepted. It knows ids, keys of owners and times, nothing
//! above. [`backend`] is the port, with the contract that the suite in `testing` checks.

mod arc;
pub mod backend;
mod memory;
mod part;
#[cfg(feature = "sqlite")]
mod sqlite;
pub(crate) mod url;

pub use backend::StorageBackend;
pub use memory::MemoryBackend;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteBackend;

pub use crate::error::StoreError;
