//! Looking on: every message of a connection, as somebody who shows or records it sees it.

use std::{fmt, sync::Arc};

use pmcp_protocol::message;
use serde_json::Value;

/// The side that sends a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// This client.
    Client,
    /// Its server.
    Server,
}

type Observe = dyn Fn(Side, &Value) + Send + Sync;

/// Somebody who is shown each message.
#[derive(Clone)]
pub(crate) struct Observer(Arc<Observe>);

impl Observer {
    pub(crate) fn new(observe: impl Fn(Side, &Value) + Send + Sync + 'static) -> Self {
        Self(Arc::new(observe))
    }

    pub(crate) fn show(&self, from: Side, message: &Value) {
        (self.0)(from, message);
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Observer")
    }
}

/// A request or a notification as the server has sent it.
pub(crate) fn asked(method: &str, params: &Value, id: Option<&Value>) -> Value {
    let mut sent = message::notification(method, params.clone());
    if let (Some(id), Some(fields)) = (id, sent.as_object_mut()) {
        fields.insert("id".into(), id.clone());
    }
    sent
}
