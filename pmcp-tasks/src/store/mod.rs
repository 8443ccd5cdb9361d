//! Storing tasks: the port backends implement, and the backends.

mod arc;
pub mod backend;
mod connect;
mod cursor;
mod error;
mod hub;
mod memory;
mod part;
#[cfg(feature = "sqlite")]
mod sqlite;
mod task_store;
mod workers;

pub use backend::StorageBackend;
pub use error::StoreError;
pub(crate) use hub::Watch;
pub use memory::MemoryBackend;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteBackend;
pub(crate) use task_store::{Draft, NotChanged, NotCreated};
pub use task_store::{TaskPage, TaskStore};
