//! JSON-RPC 2.0 messages (overview, "Messages").
//!
//! A message that comes is read by [`read`] and [`Message::parse`]; what goes out is a JSON value, a line of it made by
//! [`text`].

use std::{fmt, hash::Hash};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, IgnoredAny, Unexpected, Visitor},
};
use serde_json::{Map, Number, Value, json};

use crate::{RpcError, bounds, code, number};

/// The id of a request: an integer, or a string of at most [`bounds::REQUEST_ID`] bytes; never null. An integer may come as
/// `5.0`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(untagged)]
pub enum RequestId {
    /// An integer.
    Integer(Number),
    /// A string.
    Text(String),
}

impl RequestId {
    /// The number that it stands for as the answer to a request of ours: a peer may give the id 1 back as `1.0` or `"1"`.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        match self {
            Self::Integer(number) => number.as_u64(),
            Self::Text(text) => text.parse().ok().filter(|number: &u64| number.to_string() == *text),
        }
    }
}

impl<'de> Deserialize<'de> for RequestId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct IdVisitor;

        // Anything else is refused before it is read.
        impl Visitor<'_> for IdVisitor {
            type Value = RequestId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or an integer")
            }

            fn visit_i64<E: Error>(self, id: i64) -> Result<RequestId, E> {
                Ok(RequestId::Integer(id.into()))
            }

            fn visit_u64<E: Error>(self, id: u64) -> Result<RequestId, E> {
                Ok(RequestId::Integer(id.into()))
            }

            fn visit_f64<E: Error>(self, id: f64) -> Result<RequestId, E> {
                let whole = number::whole(id).map(|id| RequestId::Integer(id.into()));
                whole.ok_or_else(|| E::invalid_type(Unexpected::Float(id), &self))
            }

            fn visit_str<E: Error>(self, id: &str) -> Result<RequestId, E> {
                let is_short = id.len() <= bounds::REQUEST_ID;
                is_short.then(|| RequestId::Text(id.to_owned())).ok_or_else(|| E::custom("the id is too long"))
            }
        }

        deserializer.deserialize_any(IdVisitor)
    }
}

/// A message from the client. Members it does not define are ignored; `params` are kept whole.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// A request, which gets an answer.
    Request(Request),
    /// A notification, which gets none.
    Notification {
        /// Its method.
        method: String,
        /// Its parameters, whatever they are.
        params: Value,
    },
    /// The answer to a request of ours; without a readable id it answers none.
    Response {
        /// The id of the request.
        id: Option<RequestId>,
        /// The result, or the error.
        result: Result<Value, RpcError>,
    },
}

/// A request from the client.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Its id.
    pub id: RequestId,
    /// Its method.
    pub method: String,
    /// An object, or null when the request has none.
    pub params: Value,
}

/// A message that is none, with the id to answer under if it has a readable one.
#[derive(Clone, Debug, PartialEq)]
pub struct Malformed {
    /// The id to answer under.
    pub id: Option<RequestId>,
    /// The error to answer with.
    pub error: RpcError,
}

fn invalid(id: Option<RequestId>, text: &str) -> Malformed {
    Malformed { id, error: RpcError::new(code::INVALID_REQUEST, text) }
}

/// The number of arrays and objects that may stand in each other; `serde_json` reads no more.
const MAX_DEPTH: usize = 127;

/// Reads the bytes of a message, or of a batch of them, as JSON.
///
/// It has at most `max_values` values: objects, arrays, texts, numbers and so on, each counted wherever it stands. They are
/// counted before anything is built, so that a message which would be small as bytes and large in memory costs a look at
/// its bytes.
///
/// # Errors
/// What to answer: -32700 if it is no JSON; -32600 if it has more values, is nested deeper than 127 levels, has a number
/// beyond those of a double, or half of a surrogate pair in a text, under the id of the request if it is one.
pub fn read(bytes: &[u8], max_values: usize) -> Result<Value, Malformed> {
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
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
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
            b'"' => skip_text(&mut bytes),
            _ => {}
        }
        if values > max {
            return None;
        }
    }
    Some((values, objects))
}

/// Goes behind the end of a text.
fn skip_text<'a>(bytes: &mut impl Iterator<Item = &'a u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => {
                bytes.next();
            }
            _ => {}
        }
    }
}

/// The id of a message that is not built, if it is a request and not a batch.
fn id_of(bytes: &[u8]) -> Option<RequestId> {
    #[derive(Deserialize)]
    struct Head {
        id: RequestId,
        // An answer has one of our ids.
        #[serde(rename = "method")]
        _method: IgnoredAny,
    }
    let is_object = bytes.trim_ascii_start().starts_with(b"{");
    let head = is_object.then(|| serde_json::from_slice::<Head>(bytes));
    head.and_then(Result::ok).map(|head| head.id)
}

impl Message {
    /// Reads one message.
    ///
    /// # Errors
    /// It is no JSON-RPC message; what to answer.
    pub fn parse(value: Value) -> Result<Self, Malformed> {
        let Value::Object(mut fields) = value else {
            return Err(invalid(None, "a message is a JSON object"));
        };
        let id = fields.get("id").and_then(|id| RequestId::deserialize(id).ok());
        if fields.get("jsonrpc").is_none_or(|version| version != "2.0") {
            return Err(invalid(id, "`jsonrpc` is not \"2.0\""));
        }
        let method = match fields.remove("method") {
            None => return Self::response(id, fields),
            Some(Value::String(method)) => method,
            Some(_) => return Err(invalid(id, "`method` is not a string")),
        };
        let params = fields.remove("params").unwrap_or_default();
        match (fields.contains_key("id"), id) {
            // Never answered: one with wrong parameters is ignored by what reads them.
            (false, _) => Ok(Self::Notification { method, params }),
            (true, None) => {
                let max = bounds::REQUEST_ID;
                Err(invalid(None, &format!("`id` is neither an integer nor a string of at most {max} bytes")))
            }
            (true, id) if !matches!(params, Value::Object(_) | Value::Null) => {
                Err(Malformed { id, error: RpcError::invalid_params("`params` is not an object") })
            }
            (true, Some(id)) => Ok(Self::Request(Request { id, method, params })),
        }
    }

    /// Nothing that looks like an answer is answered: its id is one of ours, and two peers that answer each other's errors
    /// do not stop.
    fn response(id: Option<RequestId>, mut fields: Map<String, Value>) -> Result<Self, Malformed> {
        // Some write every member, and null for the one there is not.
        let error = fields.remove("error").filter(|error| !error.is_null());
        let result = match (fields.remove("result"), error) {
            (_, Some(error)) => Err(serde_json::from_value(error)
                .unwrap_or_else(|_| RpcError::internal("the peer answered with a malformed error"))),
            (Some(result), None) => Ok(result),
            (None, None) => return Err(invalid(id, "a message has a method, or the answer to a request")),
        };
        Ok(Self::Response { id, result })
    }
}

/// A message as it goes on the wire: one line to every reader. (As `Display` writes it, in half the time.)
///
/// JSON leaves U+0085, U+2028 and U+2029 as they are, at which some readers of lines and of event streams end a line: they
/// are escaped.
#[must_use]
pub fn text(message: &Value) -> String {
    // Values always serialise: their keys are strings.
    let text = serde_json::to_string(message).unwrap_or_default();
    if text.is_ascii() || !text.contains(['\u{85}', '\u{2028}', '\u{2029}']) {
        return text;
    }
    // They stand inside of texts alone.
    text.replace('\u{85}', "\\u0085").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

/// A response to the client. The id is left out where it could not be read.
#[must_use]
pub fn response(id: Option<&RequestId>, result: Result<Value, RpcError>) -> Value {
    let mut message = Map::from_iter([("jsonrpc".to_owned(), Value::from("2.0"))]);
    message.extend(id.map(|id| ("id".to_owned(), json!(id))));
    match result {
        Ok(result) => message.insert("result".into(), result),
        Err(error) => message.insert("error".into(), json!(error)),
    };
    message.into()
}

/// A notification to the client.
#[must_use]
pub fn notification(method: &str, params: Value) -> Value {
    let mut message = json!({ "jsonrpc": "2.0", "method": method });
    if !params.is_null() {
        message["params"] = params;
    }
    message
}

/// A request to the client.
#[must_use]
pub fn request(id: u64, method: &str, params: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<Message, Malformed> {
        Message::parse(serde_json::from_str(text).unwrap())
    }

    #[test]
    fn messages_are_told_apart_and_unknown_members_are_ignored() {
        assert!(matches!(parse(r#"{"jsonrpc":"2.0","id":1,"method":"ping","x":1}"#), Ok(Message::Request(_))));
        assert!(matches!(parse(r#"{"jsonrpc":"2.0","method":"n"}"#), Ok(Message::Notification { .. })));
        assert!(matches!(parse(r#"{"jsonrpc":"2.0","id":"a","result":{}}"#), Ok(Message::Response { .. })));
    }

    #[test]
    fn what_looks_like_an_answer_or_a_notification_is_never_answered() {
        for text in [
            r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no JSON"}}"#,
            r#"{"jsonrpc":"2.0","error":5}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{}}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":[1]}"#,
        ] {
            assert!(parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_is_no_message_is_answered_under_its_id_if_it_has_one() {
        for (text, id) in [
            ("[]", false),
            ("1", false),
            (r#"{"id":1,"method":"m"}"#, true),
            (r#"{"jsonrpc":"2.0","id":1,"method":5}"#, true),
            (r#"{"jsonrpc":"2.0","id":null,"method":"m"}"#, false),
            (r#"{"jsonrpc":"2.0","id":1.5,"method":"m"}"#, false),
            (r#"{"jsonrpc":"2.0","id":1,"method":"m","params":[1]}"#, true),
            (r#"{"jsonrpc":"2.0","id":null,"method":"m","params":[1]}"#, false),
            (r#"{"jsonrpc":"2.0","id":1}"#, true),
            (r#"{"jsonrpc":"2.0"}"#, false),
        ] {
            assert_eq!(parse(text).unwrap_err().id.is_some(), id, "{text}");
        }
        assert_eq!(response(None, Err(RpcError::internal(""))).get("id"), None);
    }

    #[test]
    fn no_error_beside_a_result_is_none() {
        let result = |text: &str| match parse(text) {
            Ok(Message::Response { result, .. }) => Some(result.ok()),
            _ => None,
        };
        assert_eq!(result(r#"{"jsonrpc":"2.0","id":1,"result":5,"error":null}"#), Some(Some(json!(5))));
        assert_eq!(result(r#"{"jsonrpc":"2.0","id":1,"result":null,"error":{"code":1,"message":""}}"#), Some(None));
        assert_eq!(result(r#"{"jsonrpc":"2.0","id":1,"error":null}"#), None);
    }

    #[test]
    fn an_id_of_ours_is_known_however_it_comes_back() {
        let number = |id: &str| serde_json::from_str::<RequestId>(id).unwrap().number();
        for one in ["1", "1.0", "\"1\""] {
            assert_eq!(number(one), Some(1), "{one}");
        }
        for none in ["-1", "\"\"", "\"01\"", "\"+1\"", "\"1.0\"", "\" 1\"", "\"a\""] {
            assert_eq!(number(none), None, "{none}");
        }
    }

    #[test]
    fn an_integer_is_the_same_id_however_it_is_written() {
        let id = |id: &str| serde_json::from_str::<RequestId>(id).ok();
        for (written, integer) in [("5.0", 5), ("5e0", 5), ("-0.0", 0), ("-7.0", -7)] {
            assert_eq!(id(written), Some(RequestId::Integer(integer.into())), "{written}");
        }
        for none in ["5.5", "1e300", "9007199254740992.0", "null", "true", "[5]"] {
            assert_eq!(id(none), None, "{none}");
        }
    }

    #[test]
    fn an_id_that_is_too_long_is_none() {
        let message = |id: usize| format!(r#"{{"jsonrpc":"2.0","id":"{}","method":"m"}}"#, "x".repeat(id));
        assert!(matches!(parse(&message(256)), Ok(Message::Request(_))));
        let refused = parse(&message(257)).unwrap_err();
        assert_eq!((refused.id, refused.error.code), (None, code::INVALID_REQUEST));
        assert!(refused.error.message.len() < 100);
    }

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

    #[test]
    fn no_reader_of_lines_ends_one_inside_of_a_message() {
        let message = json!({ "a\u{85}b": "ü\u{2028}\u{2029}\r\n\\", "\u{2027}": [] });
        let text = text(&message);
        assert_eq!(text, "{\"a\\u0085b\":\"ü\\u2028\\u2029\\r\\n\\\\\",\"\u{2027}\":[]}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), message);
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
