//! Storing tasks: the port backends implement, and the backends.

mod arc;
pub mod backend;
mod cursor;
mod error;
mod memory;

pub use backend::StorageBackend;
pub use error::StoreError;
pub use memory::MemoryBackend;
