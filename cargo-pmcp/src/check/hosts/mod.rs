//! Hosts: what the documents of a server use, and which of it each emulated host has.
//!
//! The hosts are the profiles of `pmcp-preview`, each part of which says how it is known. A feature ([`features`]) rests on one part; a
//! host that lacks one blocks or degrades. A host that lacks none works, but not on the strength of a guess: if anything that is used rests
//! on an assumption, it is unknown.

mod features;
mod profile;
mod verdict;

pub(crate) use profile::Evidence;
pub(crate) use verdict::{Host, Verdict, hosts};
