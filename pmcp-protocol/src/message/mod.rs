//! JSON-RPC 2.0 messages (overview, "Messages").
//!
//! A message that comes is read by [`read`] and [`Message::parse`]; what goes out is a JSON value, a line of it made by
//! [`text`].

mod read;

use std::{fmt, hash::Hash};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, Unexpected, Visitor},
};
use serde_json::{Map, Number, Value, json};

pub use self::read::{read, weight, without_mark};
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

    #[test]
    fn no_reader_of_lines_ends_one_inside_of_a_message() {
        let message = json!({ "a\u{85}b": "ü\u{2028}\u{2029}\r\n\\", "\u{2027}": [] });
        let text = text(&message);
        assert_eq!(text, "{\"a\\u0085b\":\"ü\\u2028\\u2029\\r\\n\\\\\",\"\u{2027}\":[]}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), message);
    }
}
