//! Index a directory in a task and watch it from a client.
fn main() {}
