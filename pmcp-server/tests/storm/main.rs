//! Storms: what no client would send, much of it at once. Nothing panics, what asks is answered, nothing is left behind.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixture;
mod http;
mod lines;
mod messages;
mod watched;
