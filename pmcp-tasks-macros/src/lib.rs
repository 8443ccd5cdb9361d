//! Macros of pmcp-tasks.
