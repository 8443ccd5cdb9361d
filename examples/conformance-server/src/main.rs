//! The fixtures of the official conformance suite.
fn main() {}
