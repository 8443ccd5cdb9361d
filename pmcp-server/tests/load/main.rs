//! Much of everything, in a process of its own for each test, so that what it costs in memory can be read.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::needless_pass_by_value, reason = "a literal reads better in place")]

mod alone;
mod bodies;
mod budget;
mod fixture;
mod limits;
mod sessions;
mod streams;
mod tasks;
