//! Storing bytes: the port backends implement, and the backends. No rule of tasks lives here.

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
