//! Durable tasks for Model Context Protocol servers.

pub mod store;
pub mod task;
pub mod time;
