//! Storing tasks: the port backends implement, and the backends.

pub mod backend;
mod error;

pub use backend::StorageBackend;
pub use error::StoreError;
