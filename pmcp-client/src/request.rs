//! One request: what may differ from the ordinary, and what comes back.

use std::time::Duration;

use pmcp_protocol::RpcError;
use serde_json::{Map, Value, json};

use crate::error::ClientError;

/// The differences of one request from the ordinary.
#[derive(Clone, Debug, Default)]
pub struct RequestOptions {
    pub(crate) headers: Vec<(String, Option<String>)>,
    pub(crate) meta: Vec<(String, Option<Value>)>,
    pub(crate) task: Option<Value>,
    pub(crate) timeout: Option<Duration>,
}

impl RequestOptions {
    /// Nothing unusual.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends an HTTP header, in place of the client's own of that name.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), Some(value.into())));
        self
    }

    /// Leaves out an HTTP header.
    #[must_use]
    pub fn without_header(mut self, name: impl Into<String>) -> Self {
        self.headers.push((name.into(), None));
        self
    }

    /// Sends a field of `_meta`, in place of the client's own of that name.
    #[must_use]
    pub fn meta(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.meta.push((key.into(), Some(value.into())));
        self
    }

    /// Leaves out a field of `_meta`.
    #[must_use]
    pub fn without_meta(mut self, key: impl Into<String>) -> Self {
        self.meta.push((key.into(), None));
        self
    }

    /// Asks for a task, with this lifetime if there is one. It means something for `tools/call` in 2025-11-25 only.
    #[must_use]
    pub fn task(mut self, ttl: Option<Duration>) -> Self {
        self.task = Some(ttl.map_or_else(|| json!({}), |ttl| json!({ "ttl": milliseconds(ttl) })));
        self
    }

    /// Waits this long for the answer, whatever the client's timeouts are.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The parameters with what was asked for.
    pub(crate) fn apply(&self, params: Value, meta: &Map<String, Value>) -> Result<Value, ClientError> {
        let mut params = match params {
            Value::Null => Map::new(),
            Value::Object(params) => params,
            _ => return Err(ClientError::Input("the parameters of a request are an object".into())),
        };
        if let Some(task) = &self.task {
            params.insert("task".into(), task.clone());
        }
        let mut all = match params.remove("_meta") {
            Some(Value::Object(own)) => own,
            _ => Map::new(),
        };
        for (key, value) in meta {
            all.entry(key).or_insert_with(|| value.clone());
        }
        for (key, value) in &self.meta {
            match value {
                Some(value) => all.insert(key.clone(), value.clone()),
                None => all.remove(key),
            };
        }
        if !all.is_empty() {
            params.insert("_meta".into(), all.into());
        }
        Ok(params.into())
    }
}

pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// An answer as it came.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Reply {
    /// The HTTP status; `None` where there is no HTTP.
    pub status: Option<u16>,
    /// The result or the JSON-RPC error.
    pub result: Result<Value, RpcError>,
}

impl Reply {
    /// The result. An error by which HTTP keeps out whoever asks is told as such.
    ///
    /// # Errors
    /// The JSON-RPC error; [`ClientError::Http`] if it came with 401 or 403.
    pub fn admitted(self) -> Result<Value, ClientError> {
        self.result.map_err(|error| match self.status {
            Some(status @ (401 | 403)) => ClientError::Http { status, authenticate: None, body: error.message },
            _ => ClientError::Rpc(error),
        })
    }
}

/// A response: its result or error, or that it is none.
pub(crate) type Answer = Result<Result<Value, RpcError>, ClientError>;

/// The result or error of a response.
pub(crate) fn outcome(mut response: Map<String, Value>) -> Answer {
    // Some write every member, and null for the one there is not.
    if let Some(error) = response.remove("error").filter(|error| !error.is_null()) {
        return serde_json::from_value(error)
            .map(Err)
            .map_err(|error| ClientError::protocol(format!("an error of the wrong shape: {error}")));
    }
    match response.remove("result") {
        Some(result) => Ok(Ok(result)),
        None => Err(ClientError::protocol("a response with neither result nor error")),
    }
}

/// A message of the server that wants no answer.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Notification {
    /// Its method.
    pub method: String,
    /// Its parameters.
    pub params: Value,
}
