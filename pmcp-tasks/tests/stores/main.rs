//! Stores that stand on a service: the contract, the model, and what only they can meet.
//!
//! Without their service these tests are ignored; `cargo xtask services` starts the services and tells the environment.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[cfg(any(feature = "postgres", feature = "redis"))]
mod certificates;
#[cfg(feature = "dynamodb")]
mod dynamodb;
#[cfg(any(feature = "dynamodb", feature = "postgres", feature = "redis"))]
mod existing;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;
