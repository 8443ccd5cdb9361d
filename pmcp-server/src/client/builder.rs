//! What a client is made of, and the ways to connect it.

use std::{future::Future, str::FromStr, sync::Arc, time::Duration};

use pmcp_protocol::{RpcError, TASKS_EXTENSION};
use serde_json::{Map, Value, json};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    process::Command,
};

use super::{
    Client, ClientError, ElicitAnswer, Elicitation, answers::Callbacks, connection::Connection, http::HttpWire, lines,
};

/// The protocol version a client speaks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientRevision {
    /// 2026-07-28: no handshake, tasks as an extension.
    #[default]
    V2026,
    /// 2025-11-25: a handshake, tasks in the core protocol.
    V2025,
    /// Any other version with a handshake, such as `2025-06-18`: no tasks.
    Handshake(String),
}

impl ClientRevision {
    /// The version's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::V2026 => "2026-07-28",
            Self::V2025 => "2025-11-25",
            Self::Handshake(version) => version,
        }
    }
}

impl FromStr for ClientRevision {
    type Err = std::convert::Infallible;

    fn from_str(version: &str) -> Result<Self, Self::Err> {
        Ok(version.into())
    }
}

impl From<&str> for ClientRevision {
    fn from(version: &str) -> Self {
        match version {
            "2026-07-28" => Self::V2026,
            "2025-11-25" => Self::V2025,
            other => Self::Handshake(other.to_owned()),
        }
    }
}

/// What a client was built with.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) revision: ClientRevision,
    pub(super) tasks: bool,
    pub(super) listen: bool,
    pub(super) session_stream: bool,
    pub(super) bearer: Option<String>,
    pub(super) callbacks: Callbacks,
    pub(super) extensions: Map<String, Value>,
    pub(super) request_timeout: Duration,
    pub(super) call_timeout: Option<Duration>,
    pub(super) max_message: usize,
    pub(super) max_rounds: usize,
}

impl Settings {
    pub(super) fn is_stateless(&self) -> bool {
        self.revision == ClientRevision::V2026
    }

    /// `Implementation`.
    pub(super) fn client_info(&self) -> Value {
        json!({ "name": self.name, "version": self.version })
    }

    /// `ClientCapabilities`.
    pub(super) fn capabilities(&self) -> Value {
        let mut capabilities = self.callbacks.capabilities();
        let mut extensions = self.extensions.clone();
        if self.is_stateless() && self.tasks {
            extensions.insert(TASKS_EXTENSION.into(), json!({}));
        }
        if !extensions.is_empty() {
            capabilities.insert("extensions".into(), extensions.into());
        }
        capabilities.into()
    }

    /// What every request says in `_meta` (2026-07-28, "Per-request protocol fields").
    pub(super) fn meta(&self) -> Map<String, Value> {
        if !self.is_stateless() {
            return Map::new();
        }
        Map::from_iter([
            ("io.modelcontextprotocol/protocolVersion".into(), self.revision.as_str().into()),
            ("io.modelcontextprotocol/clientInfo".into(), self.client_info()),
            ("io.modelcontextprotocol/clientCapabilities".into(), self.capabilities()),
        ])
    }
}

/// Collects what a [`Client`] needs before it connects.
#[derive(Clone, Debug)]
#[must_use]
pub struct ClientBuilder {
    settings: Settings,
}

impl ClientBuilder {
    pub(super) fn new(name: String, version: String) -> Self {
        Self {
            settings: Settings {
                name,
                version,
                revision: ClientRevision::default(),
                tasks: true,
                listen: true,
                session_stream: true,
                bearer: None,
                callbacks: Callbacks::default(),
                extensions: Map::new(),
                request_timeout: Duration::from_secs(60),
                call_timeout: None,
                max_message: 16 * 1024 * 1024,
                max_rounds: 16,
            },
        }
    }

    /// The protocol version to speak; 2026-07-28 unless said otherwise. A string names one too.
    pub fn revision(mut self, revision: impl Into<ClientRevision>) -> Self {
        self.settings.revision = revision.into();
        self
    }

    /// Whether calls may become tasks (default): in 2026-07-28 the extension is declared on every request, in 2025-11-25
    /// [`call_and_wait`](Client::call_and_wait) asks for a task where a tool allows one.
    pub fn declare_tasks(mut self, tasks: bool) -> Self {
        self.settings.tasks = tasks;
        self
    }

    /// Whether tasks are followed by what the server pushes (default), or only polled.
    pub fn listen(mut self, listen: bool) -> Self {
        self.settings.listen = listen;
        self
    }

    /// Whether a session over HTTP opens the stream for messages of the server (default; 2025-11-25 and earlier).
    pub fn session_stream(mut self, open: bool) -> Self {
        self.settings.session_stream = open;
        self
    }

    /// The token for `Authorization: Bearer …`.
    pub fn bearer(mut self, token: impl Into<String>) -> Self {
        self.settings.bearer = Some(token.into());
        self
    }

    /// Declares an extension with its settings.
    pub fn extension(mut self, id: impl Into<String>, settings: impl Into<Value>) -> Self {
        self.settings.extensions.insert(id.into(), settings.into());
        self
    }

    /// Answers forms, and declares that the client does.
    pub fn on_elicit<F, A>(mut self, callback: F) -> Self
    where
        F: Fn(Elicitation) -> A + Send + Sync + 'static,
        A: Future<Output = ElicitAnswer> + Send + 'static,
    {
        self.settings.callbacks.elicit = Some(Arc::new(move |elicitation| Box::pin(callback(elicitation))));
        self
    }

    /// Answers `sampling/createMessage`: its parameters in, its result out. Declares that the client does.
    pub fn on_sample<F, A>(mut self, callback: F) -> Self
    where
        F: Fn(Value) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Value, RpcError>> + Send + 'static,
    {
        self.settings.callbacks.sample = Some(Arc::new(move |params| Box::pin(callback(params))));
        self
    }

    /// Adds a root, and declares that the client tells its roots.
    pub fn root(mut self, uri: impl Into<String>, name: impl Into<String>) -> Self {
        let root = json!({ "uri": uri.into(), "name": name.into() });
        self.settings.callbacks.roots.get_or_insert_default().push(root);
        self
    }

    /// How long to wait for answers; 60 seconds by default. Requests that run code of the server wait as
    /// [`call_timeout`](Self::call_timeout) says.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.settings.request_timeout = timeout;
        self
    }

    /// How long to wait for calls of tools, prompts, resources and results of tasks; for ever by default, because a person
    /// may have to answer something meanwhile.
    pub fn call_timeout(mut self, timeout: Duration) -> Self {
        self.settings.call_timeout = Some(timeout);
        self
    }

    /// The longest message to accept; 16 MiB by default.
    pub fn max_message(mut self, bytes: usize) -> Self {
        self.settings.max_message = bytes;
        self
    }

    /// How many times a call may be answered `input_required`; 16 by default.
    pub fn max_rounds(mut self, rounds: usize) -> Self {
        self.settings.max_rounds = rounds;
        self
    }

    /// Connects over streamable HTTP. The URL's scheme is `http`.
    ///
    /// # Errors
    /// The URL is wrong, or the handshake fails where the version has one.
    pub async fn connect_http(self, url: &str) -> Result<Client, ClientError> {
        let wire = HttpWire::new(url, &self.settings)?;
        let connection = Connection::over_http(self.settings, wire);
        connection.start().await?;
        Ok(Client::new(connection))
    }

    /// Starts a server and connects to its standard streams. The child is killed when the last clone of the client is
    /// dropped. Its standard error goes where the command says; if that is a pipe, [`Client::take_stderr`] has it.
    ///
    /// # Errors
    /// The command does not start, or the handshake fails where the version has one.
    pub async fn connect_stdio(self, command: impl Into<Command>) -> Result<Client, ClientError> {
        let (child, stdin, stdout) = lines::spawn(command.into())?;
        let connection = Connection::over_lines(self.settings, stdout, stdin, Some(child));
        connection.start().await?;
        Ok(Client::new(connection))
    }

    /// Connects over a pair of byte streams that carry a message a line, such as the halves of [`tokio::io::duplex`].
    ///
    /// # Errors
    /// The handshake fails where the version has one.
    pub async fn connect_io<R, W>(self, reader: R, writer: W) -> Result<Client, ClientError>
    where
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static,
    {
        let connection = Connection::over_lines(self.settings, reader, writer, None);
        connection.start().await?;
        Ok(Client::new(connection))
    }
}
