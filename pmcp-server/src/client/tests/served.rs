//! The real server.
