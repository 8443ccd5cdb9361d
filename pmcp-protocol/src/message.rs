//! JSON-RPC 2.0 messages (overview, "Messages").
//!
//! A message that comes is read by [`Message::parse`]; what goes out is a JSON value, a line of it made by [`text`].

use std::hash::Hash;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value, json};

use crate::{RpcError, code};

/// The id of a request: a string or an integer, never null.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RequestId {
    /// An integer.
    Integer(Number),
    /// A string.
    Text(String),
}

impl RequestId {
    fn parse(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self::Text(text.clone())),
            Value::Number(number) if !number.is_f64() => Some(Self::Integer(number.clone())),
            _ => None,
        }
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

/// Text that is no JSON: -32700.
#[must_use]
pub fn parse_error() -> RpcError {
    RpcError::new(code::PARSE_ERROR, "the message is not JSON")
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
        let id = fields.get("id").and_then(RequestId::parse);
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
            (true, None) => Err(invalid(None, "`id` is neither a string nor an integer")),
            (true, id) if !matches!(params, Value::Object(_) | Value::Null) => {
                Err(Malformed { id, error: RpcError::invalid_params("`params` is not an object") })
            }
            (true, Some(id)) => Ok(Self::Request(Request { id, method, params })),
        }
    }

    /// Nothing that looks like an answer is answered: its id is one of ours, and two peers that answer each other's errors
    /// do not stop.
    fn response(id: Option<RequestId>, mut fields: Map<String, Value>) -> Result<Self, Malformed> {
        let result = match (fields.remove("result"), fields.remove("error")) {
            (_, Some(error)) => Err(serde_json::from_value(error)
                .unwrap_or_else(|_| RpcError::internal("the peer answered with a malformed error"))),
            (Some(result), None) => Ok(result),
            (None, None) => return Err(invalid(id, "a message has a method, or the answer to a request")),
        };
        Ok(Self::Response { id, result })
    }
}

/// A message as it goes on the wire: one line. (As `Display` writes it, in half the time.)
#[must_use]
pub fn text(message: &Value) -> String {
    // Values always serialise: their keys are strings.
    serde_json::to_string(message).unwrap_or_default()
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
        assert_eq!(response(None, Err(parse_error())).get("id"), None);
    }
}
