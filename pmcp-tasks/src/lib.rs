//! Durable tasks for Model Context Protocol servers.

pub mod store;
pub mod task;
#[cfg(feature = "testing")]
pub mod testing;
pub mod time;
