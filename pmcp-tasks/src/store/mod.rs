//! Storing tasks: the port backends implement, and the backends.

mod arc;
pub mod backend;
mod cursor;
mod error;
mod hub;
mod memory;
mod task_store;

pub use backend::StorageBackend;
pub use error::StoreError;
pub use memory::MemoryBackend;
pub(crate) use task_store::{Draft, NotChanged, QuotaReached};
pub use task_store::{TaskPage, TaskStore};
