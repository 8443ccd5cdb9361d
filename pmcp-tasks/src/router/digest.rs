//! Digests: what a repeated request has to have in common with the one it repeats.

use std::fmt::Write as _;

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::task::canonical;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a `String` does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// That of a request: its method, the name of what it is about, and its arguments.
pub(super) fn of_request(method: &str, name: &str, arguments: &Map<String, Value>) -> String {
    hex(&of_parts([method.as_bytes(), name.as_bytes(), &canonical(arguments).unwrap_or_default()]))
}

/// That of several parts: no choice of them makes two lists one.
pub(super) fn of_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// That of parts, as a text of 32 characters: for whoever compares it with another one, and proves nothing by it.
pub(super) fn mark<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    hex(&of_parts(parts)[..16])
}

/// That of a handle, which is all that is kept of it.
pub(super) fn of_handle(nonce: &[u8]) -> String {
    hex(&Sha256::digest(nonce))
}
