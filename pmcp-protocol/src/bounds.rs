//! Bounds on the texts that messages bring and that outlive them: ids, tokens, names, URIs, cursors.
//!
//! All of them, so that nothing a peer chooses is kept at a length the peer chooses. Lengths are in bytes. A text that is too
//! long is refused where it is read, or counts as absent where the protocol allows that; no refusal repeats it. Ids of
//! tasks need no bound: what has not the form of one is the id of none.

use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;

/// Id of a request, where it is a text. Longer: -32600, answered without an id; in a response or a cancellation: ignored.
pub const REQUEST_ID: usize = 256;
/// Progress token, where it is a text. Longer: none, so that no progress is told.
pub const PROGRESS_TOKEN: usize = 256;
/// Key of a call that may come again. Longer, or empty: -32602.
pub const IDEMPOTENCY_KEY: usize = 256;
/// Name of a tool or prompt, or of an argument that is completed. Longer: -32602.
pub const NAME: usize = 256;
/// URI of a resource. Longer: -32602.
pub const URI: usize = 8 << 10;
/// Cursor of a list. Longer: -32602.
pub const CURSOR: usize = 1 << 10;
/// Name of a protocol version in `_meta`. Longer: -32602.
pub const VERSION: usize = 64;
/// The `traceparent` of a version to come; that of version 00 has 55. Longer: none.
pub const TRACEPARENT: usize = 256;
/// `tracestate`. Longer: none; so much at least is to be handed along.
pub const TRACESTATE: usize = 512;
/// `baggage`. Longer: none; so much is to be handed along.
pub const BAGGAGE: usize = 8 << 10;
/// Text of an error that repeats a part of what came.
pub const ERROR: usize = 512;

/// All entries of a list that a client reads page by page, by their [`weight`]. More: the list is an error, or ends there.
pub const LIST: usize = 64 << 20;

/// The bytes of the texts in a value, and a few for each part of it: about what it takes in memory.
#[must_use]
pub fn weight(value: &Value) -> usize {
    const PART: usize = 8;
    match value {
        Value::String(text) => PART + text.len(),
        Value::Array(parts) => parts.iter().map(weight).sum::<usize>() + PART,
        Value::Object(fields) => fields.iter().map(|(name, part)| name.len() + weight(part)).sum::<usize>() + PART,
        _ => PART,
    }
}

/// At most this many bytes of a text, cut between characters.
#[must_use]
pub fn shortened(text: &str, max: usize) -> String {
    const ELLIPSIS: &str = "…";
    if text.len() <= max {
        return text.into();
    }
    let mut end = max.saturating_sub(ELLIPSIS.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{ELLIPSIS}", &text[..end])
}

fn bounded<E: Error>(text: String, what: &str, max: usize) -> Result<String, E> {
    if text.len() <= max { Ok(text) } else { Err(E::custom(format_args!("{what} is longer than {max} bytes"))) }
}

/// Reads a name.
///
/// # Errors
/// It is no text, or too long.
pub fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    bounded(String::deserialize(deserializer)?, "the name", NAME)
}

/// Reads a URI.
///
/// # Errors
/// It is no text, or too long.
pub fn uri<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    bounded(String::deserialize(deserializer)?, "the URI", URI)
}

/// Reads URIs, if there are any.
///
/// # Errors
/// They are no list of texts, or one is too long.
pub(crate) fn uris<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    let uris = Option::<Vec<String>>::deserialize(deserializer)?;
    uris.map(|uris| uris.into_iter().map(|uri| bounded(uri, "a URI", URI)).collect()).transpose()
}

/// Reads a cursor, if there is one.
///
/// # Errors
/// It is no text, or too long.
pub(crate) fn cursor<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let cursor = Option::<String>::deserialize(deserializer)?;
    cursor.map(|cursor| bounded(cursor, "the cursor", CURSOR)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters() {
        for text in ["ü".repeat(600), "🦀".repeat(300), "x".repeat(1025)] {
            let cut = shortened(&text, 1024);
            assert!(cut.len() <= 1024 && cut.len() > 1024 - 8 && cut.ends_with('…'));
        }
        assert_eq!(shortened(&"x".repeat(1024), 1024), "x".repeat(1024));
    }
}
