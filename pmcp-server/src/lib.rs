//! Serve Model Context Protocol tools, tasks, prompts and resources over stdio and HTTP.

#[cfg(feature = "client")]
pub mod client;
