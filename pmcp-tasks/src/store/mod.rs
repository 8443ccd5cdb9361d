//! Storing bytes: the port backends implement, and the backends. No rule of tasks lives here.
//!
//! A backend keeps heads, bodies, variables, steps and outcomes that it cannot read, and decides by what lies beside
//! them (version, fence, seal, expiry) whether a write is accepted. It knows ids, keys of owners and times, nothing
//! above. [`backend`] is the port, with the contract that the suite in `testing` checks.

mod arc;
pub mod backend;
#[cfg(feature = "dynamodb")]
mod dynamodb;
#[cfg(feature = "metrics")]
mod measured;
mod memory;
mod missing;
mod part;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(any(feature = "dynamodb", feature = "postgres"))]
mod turns;
pub(crate) mod url;

pub use backend::StorageBackend;
#[cfg(feature = "dynamodb")]
pub use dynamodb::{DynamoDbBackend, DynamoDbTable};
#[cfg(feature = "metrics")]
pub(crate) use measured::Measured;
pub use memory::MemoryBackend;
pub(crate) use missing::Missing;
#[cfg(feature = "postgres")]
pub use postgres::PostgresBackend;
#[cfg(feature = "redis")]
pub use redis::RedisBackend;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteBackend;

pub use crate::error::StoreError;
