//! The host as its page meets it: a real server, both listeners, and whoever else asks.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod attacks;
mod camera;
mod connection;
mod profiles;
mod questions;
mod record;
mod server;
mod serving;
mod stage;
mod tasks;
