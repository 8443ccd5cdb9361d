//! Everything a client was built with, whatever the wire.

use std::time::Duration;

use pmcp_protocol::{
    Decider, Revision, TASKS_EXTENSION,
    meta::{CLIENT_CAPABILITIES, CLIENT_INFO, PROTOCOL_VERSION},
};
use serde_json::{Map, Value, json};

use crate::{answers::Callbacks, revision::ClientRevision};

/// Everything a client was built with, whatever the wire.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) revision: ClientRevision,
    pub(crate) tasks: bool,
    pub(crate) listen: bool,
    pub(crate) callbacks: Callbacks,
    pub(crate) extensions: Map<String, Value>,
    pub(crate) request_timeout: Duration,
    pub(crate) call_timeout: Option<Duration>,
    pub(crate) max_rounds: usize,
}

impl Settings {
    /// The revision of tasks in the version the client asks for.
    pub(crate) fn revision(&self) -> Revision {
        self.revision.revision()
    }

    /// `Implementation`.
    pub(crate) fn client_info(&self) -> Value {
        json!({ "name": self.name, "version": self.version })
    }

    /// `ClientCapabilities`.
    pub(crate) fn capabilities(&self) -> Value {
        let mut capabilities = self.callbacks.capabilities();
        let mut extensions = self.extensions.clone();
        if self.tasks && self.revision().decider() == Decider::Server {
            extensions.insert(TASKS_EXTENSION.into(), json!({}));
        }
        if !extensions.is_empty() {
            capabilities.insert("extensions".into(), extensions.into());
        }
        capabilities.into()
    }

    /// The fields of every request's `_meta` (2026-07-28, "Per-request protocol fields").
    pub(crate) fn meta(&self) -> Map<String, Value> {
        if !self.revision().declares_per_request() {
            return Map::new();
        }
        Map::from_iter([
            (PROTOCOL_VERSION.into(), self.revision.as_str().into()),
            (CLIENT_INFO.into(), self.client_info()),
            (CLIENT_CAPABILITIES.into(), self.capabilities()),
        ])
    }
}
