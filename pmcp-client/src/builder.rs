//! The client in the making, and the ways to connect it.

use std::{future::Future, sync::Arc, time::Duration};

use pmcp_protocol::RpcError;
use serde_json::{Map, Value, json};

#[cfg(feature = "streamable-http")]
use crate::http::{HttpSettings, HttpTransport, HttpWire};
#[cfg(feature = "lines")]
use crate::lines::LineWire;
#[cfg(any(feature = "http", feature = "lines"))]
use crate::tokio_runtime::TokioRuntime;
use crate::{
    answers::{Callbacks, ElicitAnswer, Elicitation, Page},
    client::Client,
    connection::Connection,
    error::ClientError,
    inbox::Inbox,
    observe::{Observer, Side},
    observed::Observed,
    probe,
    revision::ClientRevision,
    runtime::Runtime,
    secret::Secret,
    settings::Settings,
    wire::Wire,
};

impl Client {
    /// Begins a client with the name and version it tells servers.
    pub fn builder(name: impl Into<String>, version: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(name.into(), version.into())
    }
}

/// A [`Client`] in the making: everything it is told before it connects.
#[derive(Clone, Debug)]
#[must_use]
pub struct ClientBuilder {
    settings: Settings,
    #[cfg(feature = "streamable-http")]
    headers: http::HeaderMap,
    bearer: Option<Secret>,
    observer: Option<Observer>,
    session_stream: bool,
    max_message: usize,
}

impl ClientBuilder {
    fn new(name: String, version: String) -> Self {
        Self {
            settings: Settings {
                name,
                version,
                revision: ClientRevision::default(),
                tasks: true,
                listen: true,
                callbacks: Callbacks::default(),
                extensions: Map::new(),
                request_timeout: Duration::from_secs(60),
                call_timeout: None,
                max_rounds: 16,
            },
            #[cfg(feature = "streamable-http")]
            headers: http::HeaderMap::new(),
            bearer: None,
            observer: None,
            session_stream: true,
            max_message: 16 * 1024 * 1024,
        }
    }

    /// The protocol version to speak; 2026-07-28 unless said otherwise. A string names one too, and `auto` whichever the server
    /// speaks ([`ClientRevision::Auto`]).
    pub fn revision(mut self, revision: impl Into<ClientRevision>) -> Self {
        self.settings.revision = revision.into();
        self
    }

    /// Lets calls become tasks (default), or not: in 2026-07-28 the extension is declared on every request, in 2025-11-25
    /// [`call_and_wait`](Client::call_and_wait) asks for a task where a tool allows one.
    pub fn declare_tasks(mut self, tasks: bool) -> Self {
        self.settings.tasks = tasks;
        self
    }

    /// Follows tasks by what the server pushes (default), or only polls them.
    pub fn listen(mut self, listen: bool) -> Self {
        self.settings.listen = listen;
        self
    }

    /// Opens the stream for messages of the server in a session over HTTP (default; 2025-11-25 and earlier), or does not.
    pub fn session_stream(mut self, open: bool) -> Self {
        self.session_stream = open;
        self
    }

    /// The token for `Authorization: Bearer …`.
    pub fn bearer(mut self, token: impl Into<String>) -> Self {
        self.bearer = Some(Secret(token.into()));
        self
    }

    /// A header of every HTTP request. One that carries a secret is marked as sensitive; none of them follows a redirection to another
    /// origin.
    #[cfg(feature = "streamable-http")]
    pub fn header(mut self, name: http::HeaderName, value: http::HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// Shows every message of the connection as it is sent, and as it has come. What is shown has no HTTP headers, so no token either.
    /// The callback is called in the midst of sending and receiving, and must not block.
    pub fn observe(mut self, observe: impl Fn(Side, &Value) + Send + Sync + 'static) -> Self {
        self.observer = Some(Observer::new(observe));
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

    /// Answers requests to send the user to a page, and declares that the client does. The callback shows the user the whole URL, and opens
    /// it in a browser only if the user wants that; then the answer is [`ElicitAnswer::Accept`], whose content is not sent.
    pub fn on_elicit_url<F, A>(mut self, callback: F) -> Self
    where
        F: Fn(Page) -> A + Send + Sync + 'static,
        A: Future<Output = ElicitAnswer> + Send + 'static,
    {
        self.settings.callbacks.open = Some(Arc::new(move |page| Box::pin(callback(page))));
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

    /// Answers `roots/list` with roots that are not known beforehand: its parameters in, its roots out. Declares that the client does.
    pub fn on_roots<F, A>(mut self, callback: F) -> Self
    where
        F: Fn(Value) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Vec<Value>, RpcError>> + Send + 'static,
    {
        self.settings.callbacks.ask_roots = Some(Arc::new(move |params| Box::pin(callback(params))));
        self
    }

    /// Waits so long for answers; 60 seconds by default. Requests that run code of the server wait as
    /// [`call_timeout`](Self::call_timeout) says.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.settings.request_timeout = timeout;
        self
    }

    /// Waits so long for calls of tools, prompts, resources and results of tasks; for ever by default, because a person
    /// may have to answer something meanwhile.
    pub fn call_timeout(mut self, timeout: Duration) -> Self {
        self.settings.call_timeout = Some(timeout);
        self
    }

    /// Accepts messages of at most so many bytes; 16 MiB by default.
    pub fn max_message(mut self, bytes: usize) -> Self {
        self.max_message = bytes;
        self
    }

    /// Lets a call be answered `input_required` so many times; 16 by default.
    pub fn max_rounds(mut self, rounds: usize) -> Self {
        self.settings.max_rounds = rounds;
        self
    }

    /// Connects over streamable HTTP. The URL's scheme is `http` or, with the feature `tls`, `https`.
    ///
    /// # Errors
    /// The URL is wrong, or the handshake fails where the version has one; for `https` the platform trusts nobody.
    #[cfg(feature = "http")]
    pub async fn connect_http(self, url: &str) -> Result<Client, ClientError> {
        let transport = crate::http::transport_for(url)?;
        let runtime = Arc::new(TokioRuntime::try_current()?);
        self.connect_http_over(runtime, transport, url).await
    }

    /// Connects over streamable HTTP, with a transport and an executor of yours.
    ///
    /// # Errors
    /// The URL is wrong, or the handshake fails where the version has one.
    #[cfg(feature = "streamable-http")]
    pub async fn connect_http_over(
        self,
        runtime: Arc<dyn Runtime>,
        transport: Arc<dyn HttpTransport>,
        url: &str,
    ) -> Result<Client, ClientError> {
        let settings = HttpSettings {
            headers: self.headers.clone(),
            bearer: self.bearer.clone(),
            max_message: self.max_message,
            session_stream: self.session_stream,
        };
        let make = |inbox| HttpWire::new(runtime.clone(), inbox, transport, url, &settings);
        self.connect_over(runtime.clone(), make).await
    }

    /// Starts a server and connects to its standard streams. The child is killed when the last clone of the client is
    /// dropped. Its standard error goes where the command says; if that is a pipe, [`Client::take_stderr`] has it.
    ///
    /// # Errors
    /// The command does not start, or the handshake fails where the version has one.
    #[cfg(feature = "lines")]
    pub async fn connect_stdio(self, command: impl Into<tokio::process::Command>) -> Result<Client, ClientError> {
        let (mut child, stdin, stdout) = crate::lines::start(command.into())?;
        let (stderr, max) = (child.stderr.take(), self.max_message);
        let runtime: Arc<dyn Runtime> = Arc::new(TokioRuntime::try_current()?);
        let make = |inbox| Ok(LineWire::new(runtime.clone(), inbox, (stdout, stdin), max).with_child(child));
        let client = self.connect_over(runtime.clone(), make).await?;
        *client.stderr.lock() = stderr;
        Ok(client)
    }

    /// Connects over a pair of byte streams that carry a message a line, such as the halves of [`tokio::io::duplex`].
    ///
    /// # Errors
    /// The handshake fails where the version has one.
    #[cfg(feature = "lines")]
    pub async fn connect_io<R, W>(self, reader: R, writer: W) -> Result<Client, ClientError>
    where
        R: tokio::io::AsyncRead + Send + Unpin + 'static,
        W: tokio::io::AsyncWrite + Send + Unpin + 'static,
    {
        let max = self.max_message;
        let runtime: Arc<dyn Runtime> = Arc::new(TokioRuntime::try_current()?);
        let make = |inbox| Ok(LineWire::new(runtime.clone(), inbox, (reader, writer), max));
        self.connect_over(runtime.clone(), make).await
    }

    /// Connects over a wire and an executor of yours. The wire is made around the inbox that it fills.
    ///
    /// # Errors
    /// The wire cannot be made, or the handshake fails where the version has one; no version is spoken by both.
    pub async fn connect_over<W: Wire>(
        mut self,
        runtime: Arc<dyn Runtime>,
        make: impl FnOnce(Arc<Inbox>) -> Result<W, ClientError> + Send,
    ) -> Result<Client, ClientError> {
        let (inbox, asked) = Inbox::new(self.observer.clone());
        let wire = make(inbox.clone())?;
        let wire: Arc<dyn Wire> = match self.observer {
            Some(observer) => Arc::new(Observed { wire, observer }),
            None => Arc::new(wire),
        };
        if self.settings.revision == ClientRevision::Auto {
            self.settings.revision = probe::find(&self.settings, &runtime, &*wire).await?;
        } else {
            wire.speak(&self.settings.revision);
        }
        let connection = Connection::new(self.settings, runtime, wire, inbox, asked);
        connection.start().await?;
        Ok(Client::new(connection))
    }
}
