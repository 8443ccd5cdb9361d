//! Bytes as JSON, of a size that is known before any of it is built.

use memchr::memchr2;
use serde_json::Value;

use super::{Malformed, RequestId, invalid};
use crate::{RpcError, code};

/// The number of arrays and objects that may stand in each other; `serde_json` reads no more.
const MAX_DEPTH: usize = 127;

/// Reads the bytes of a message, or of a batch of them, as JSON.
///
/// It has at most `max_values` values: objects, arrays, texts, numbers and so on, each counted wherever it stands. They are
/// counted before anything is built, so that a message which would be small as bytes and large in memory costs a look at
/// its bytes. A byte order mark before it is skipped.
///
/// # Errors
/// What to answer: -32700 if it is no JSON; -32600 if it has more values, is nested deeper than 127 levels, has a number
/// beyond those of a double, or half of a surrogate pair in a text, under the id of the request if it is one.
pub fn read(bytes: &[u8], max_values: usize) -> Result<Value, Malformed> {
    let bytes = without_mark(bytes);
    if has_more_values(bytes, max_values) {
        return Err(invalid(id_of(bytes), &format!("the message has more than {max_values} values")));
    }
    serde_json::from_slice(bytes).map_err(|error| {
        // Nothing but its words tells which error it is.
        let error = error.to_string();
        if error.starts_with("recursion limit exceeded") {
            invalid(id_of(bytes), &format!("the message is nested deeper than {MAX_DEPTH} levels"))
        } else if error.starts_with("number out of range") {
            invalid(id_of(bytes), "the message has a number larger than a double can be")
        } else if error.starts_with("lone leading surrogate") || error.starts_with("unexpected end of hex escape") {
            // What cuts texts between the two writes it, and JSON lets it.
            let half =
                "the message has a text with half of a surrogate pair (`\\ud800` to `\\udfff`), which is no character";
            invalid(id_of(bytes), half)
        } else {
            Malformed { id: None, error: RpcError::new(code::PARSE_ERROR, "the message is not JSON") }
        }
    })
}

/// The bytes without the byte order mark that some writers begin with, though JSON has none (RFC 8259, section 8.1).
#[must_use]
pub fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// The memory that JSON takes once it is read, in bytes: about as much, and not less. Of what [`read`] refuses, its length.
#[must_use]
pub fn weight(json: &[u8], max_values: usize) -> usize {
    // A value in a list that doubles as it grows, and what it keeps apart; the node of a map, which has room for eleven.
    const VALUE: usize = 64 + 64;
    const OBJECT: usize = 640;
    census(json, max_values).map_or(json.len(), |(values, objects)| json.len() + values * VALUE + objects * OBJECT)
}

/// Tells whether JSON has more than so many values; of what is no JSON it tells anything.
fn has_more_values(json: &[u8], max: usize) -> bool {
    // A value takes a byte, and one more to part it from the next: what is short need not be looked at.
    json.len().div_ceil(2) > max && census(json, max).is_none()
}

/// The number of values in JSON, and of objects among them that are not empty; `None` if there are more values than so many.
fn census(json: &[u8], max: usize) -> Option<(usize, usize)> {
    let (mut values, mut objects): (usize, usize) = (1, 0);
    let (mut is_opened, mut is_object) = (false, false);
    let mut rest = json;
    while let [byte, behind @ ..] = rest {
        rest = behind;
        if byte.is_ascii_whitespace() {
            continue;
        }
        let is_first = std::mem::take(&mut is_opened) && !matches!(byte, b']' | b'}');
        values += usize::from(is_first || *byte == b',');
        objects += usize::from(is_first && is_object);
        match byte {
            b'[' | b'{' => {
                is_opened = true;
                is_object = *byte == b'{';
            }
            b'"' => rest = behind_text(rest),
            _ => {}
        }
        if values > max {
            return None;
        }
    }
    Some((values, objects))
}

/// The bytes behind the end of a text.
fn behind_text(mut json: &[u8]) -> &[u8] {
    while let Some(at) = memchr2(b'"', b'\\', json) {
        let is_end = json[at] == b'"';
        json = json.get(at + if is_end { 1 } else { 2 }..).unwrap_or_default();
        if is_end {
            return json;
        }
    }
    &[]
}

/// The id of a message that is not built, if it is a request and not a batch. Nothing is read behind its id and its method.
fn id_of(json: &[u8]) -> Option<RequestId> {
    let mut rest = json.trim_ascii_start().strip_prefix(b"{")?;
    let (mut depth, mut key, mut id) = (0_usize, None, None);
    // An answer has one of our ids.
    let mut is_request = false;
    while let [byte, behind @ ..] = rest {
        match byte {
            b'"' => {
                let after = behind_text(behind);
                if depth == 0 && key.is_none() {
                    key = Some(&behind[..behind.len() - after.len()]);
                }
                rest = after;
                continue;
            }
            b':' if depth == 0 && key == Some(b"id\"") => {
                let read = serde_json::Deserializer::from_slice(behind).into_iter().next();
                // One that comes twice is none.
                id = Some(read.filter(|_| id.is_none())?.ok()?);
            }
            b':' if depth == 0 && key == Some(b"method\"") => is_request = true,
            b',' if depth == 0 => key = None,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if is_request && id.is_some() {
            return id;
        }
        rest = behind;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, json};

    use super::*;

    fn refused(text: &str, max_values: usize) -> (Option<RequestId>, i64, String) {
        let Malformed { id, error } = read(text.as_bytes(), max_values).unwrap_err();
        (id, error.code, error.message)
    }

    #[test]
    fn what_is_json_and_too_much_is_told_as_that() {
        let told = |text: &str| (Some(RequestId::Integer(7.into())), code::INVALID_REQUEST, text.to_owned());
        let request = |x: &str| format!(r#" {{"method":"m","params":{{"x":{x}}},"id":7}}"#);
        let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert_eq!(refused(&request("[1,2]"), 6), told("the message has more than 6 values"));
        assert!(read(request("[1,2]").as_bytes(), 7).is_ok());
        // Two levels are those of the message.
        assert!(read(request(&deep(MAX_DEPTH - 2)).as_bytes(), 1000).is_ok());
        let deeper = "the message is nested deeper than 127 levels";
        assert_eq!(refused(&request(&deep(MAX_DEPTH - 1)), 1000), told(deeper));
        assert_eq!(refused(&request("1e999"), 1000), told("the message has a number larger than a double can be"));
        assert_eq!(refused(&request("-1e999"), 1000).1, code::INVALID_REQUEST);
        let half =
            "the message has a text with half of a surrogate pair (`\\ud800` to `\\udfff`), which is no character";
        for text in
            [r#""\ud83d""#, r#""\ude00""#, r#""a\ud83db""#, r#""\ud83d\n""#, r#""\ud83d\ud83d""#, r#"{"\ud83d":1}"#]
        {
            assert_eq!(refused(&request(text), 1000), told(half), "{text}");
        }
        assert!(read(request(r#""\ud83d\ude00""#).as_bytes(), 1000).is_ok());
        for no_json in [&request("1e"), &request("1")[..20], "", "{]", "\"\\ud8\"", "\"\\ud800"] {
            assert_eq!(refused(no_json, 1000).1, code::PARSE_ERROR, "{no_json}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        assert_eq!(read(b"\xef\xbb\xbf{}", 9).unwrap(), json!({}));
        let half = b"\xef\xbb\xbf{\"id\":7,\"method\":\"\\ud800\"}";
        assert_eq!(read(half, 9).unwrap_err().id, Some(RequestId::Integer(7.into())));
        assert_eq!(read(b"\xef\xbb\xbf\xef\xbb\xbf{}", 9).unwrap_err().error.code, code::PARSE_ERROR);
    }

    #[test]
    fn what_is_small_as_bytes_and_large_in_memory_weighs_more() {
        let list = |value: &str| format!("[{}]", vec![value; 1000].join(",")).into_bytes();
        assert!(weight(&list(r#"{"":0}"#), 9000) > 600 * 1000);
        assert!(weight(&list("[0]"), 9000) > 200 * 1000);
        let text = format!("\"{}\"", "x".repeat(9000));
        assert!((9000..9999).contains(&weight(text.as_bytes(), 9000)));
        // Of what is not built there are only the bytes.
        assert_eq!(weight(&list("0"), 1000), 2001);
    }

    #[test]
    fn an_id_that_is_not_a_requests_is_not_answered_under() {
        for text in [
            r#"{"id":7,"result":[1,2]}"#,
            r#"[{"id":7,"method":"m","params":[1,2]}]"#,
            r#"[7,"m",1,2,3]"#,
            r#"{"id":[7],"method":"m","params":[1,2]}"#,
            r#"{"id":7,"id":8,"method":"m","params":[1,2]}"#,
        ] {
            assert_eq!(refused(text, 2), (None, code::INVALID_REQUEST, "the message has more than 2 values".into()));
        }
        let long = format!(r#"{{"id":"{}","method":[1,2]}}"#, "x".repeat(257));
        assert_eq!(refused(&long, 2).0, None);
    }

    fn values(value: &Value) -> usize {
        1 + match value {
            Value::Array(list) => list.iter().map(values).sum(),
            Value::Object(fields) => fields.values().map(values).sum(),
            _ => 0,
        }
    }

    /// The number of objects that are not empty.
    fn objects(value: &Value) -> usize {
        match value {
            Value::Array(list) => list.iter().map(objects).sum(),
            Value::Object(fields) => usize::from(!fields.is_empty()) + fields.values().map(objects).sum::<usize>(),
            _ => 0,
        }
    }

    fn json_value() -> impl Strategy<Value = Value> {
        let text = || "[\\PC\"\\\\,:{}\\[\\]\n]{0,6}";
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            text().prop_map(Value::from),
        ];
        leaf.prop_recursive(6, 60, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(text(), inner, 0..5)
                    .prop_map(|fields| fields.into_iter().collect::<Map<_, _>>().into()),
            ]
        })
    }

    proptest! {
        #[test]
        fn values_are_counted_as_they_would_be_built(value in json_value()) {
            let (count, objects) = (values(&value), objects(&value));
            for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
                prop_assert!(!has_more_values(text.as_bytes(), count), "{text}");
                prop_assert!(has_more_values(text.as_bytes(), count - 1), "{text}");
                prop_assert_eq!(census(text.as_bytes(), count), Some((count, objects)), "{}", text);
            }
        }

        #[test]
        fn whatever_comes_nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..40), max in 0..9_usize) {
            let _ = read(&bytes, max);
        }
    }
}
