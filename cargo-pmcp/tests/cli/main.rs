//! The command line as whoever types it sees it: words, results and exit codes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod browser;
mod build;
mod check;
mod inspect;
#[cfg(unix)]
mod interrupt;
mod package;
mod preview;
mod scripted;
mod support;
mod tasks;
mod tls;
mod usage;
