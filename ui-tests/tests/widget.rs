//! `#[widget]` as the compiler shows it: mistakes in attributes and files, and files that change.
//!
//! A widget's directory is relative to its crate, and trybuild moves that: each case is a crate of its own here. All are members of one
//! workspace with one target directory, which stays: what they depend on is compiled once.

mod widget {
    pub(super) mod cases;
    pub(super) mod fixture;
    mod mistakes;
    mod rebuilds;
}
