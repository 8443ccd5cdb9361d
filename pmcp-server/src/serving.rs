//! Serving a server: over stdio, over HTTP, inside somebody's application, or as a worker for nobody.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use pmcp_tasks::router::Status;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    runtime::Handle,
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::{
    auth::ProtectedResource,
    connection,
    error::Error,
    http, log,
    process::{hurry, stdin, stdout, terminated},
    server::{Built, Server},
    service::Service,
    transport::Transport,
};

/// The path of the MCP endpoint.
const PATH: &str = "/mcp";

/// The time open streams are waited for after everything has ended.
const LAST_WORDS: Duration = Duration::from_secs(2);

impl<S: Clone + Send + Sync + 'static> Server<S> {
    /// Serves until Ctrl-C or SIGTERM, on stdio also until the end of input. Then nothing new is begun, and running work
    /// gets the [grace](Self::shutdown_grace) to finish. A client on stdio that does not read its answers is not waited for.
    /// Standard output [belongs to the protocol](crate#standard-output) there: print nothing to it.
    ///
    /// Over HTTP one line on standard error tells the address: `listening on http://HOST:PORT/mcp`.
    ///
    /// # Errors
    /// The parts do not fit together, or the address cannot be listened on.
    pub async fn serve(self, transport: Transport) -> Result<(), Error> {
        #[cfg(feature = "apps")]
        self.keep_types();
        match transport {
            Transport::Stdio => {
                let service = self.into_service()?;
                service.router.keep_house();
                let stopping = service.clone();
                let terminated = terminated();
                let (stdin, ended) = stdin();
                let is_over = ended.clone();
                let signal = tokio::spawn(async move {
                    terminated.await;
                    if is_over.is_cancelled() {
                        // The end of input was the first time that it was told to end.
                        return hurry();
                    }
                    stopping.shut_down().await;
                });
                // A connection is large, and this future is a part of whoever's `main`.
                let ended = Box::pin(connection::serve(service.clone(), stdin, stdout(), ended)).await;
                service.shut_down_within(service.grace_since(ended)).await;
                signal.abort();
                log_to_its_end().await;
                Ok(())
            }
            Transport::Http(address) => self.start(address).await?.until_terminated().await,
            Transport::HttpForPages { address, origins } => {
                self.also_allowing(origins).start(address).await?.until_terminated().await
            }
        }
    }

    /// Serves as the process's arguments say ([`Transport::from_args`]), on a runtime of its own: all that a program which is a
    /// server and nothing else has to do in its `main`. With the feature `log` it begins with [`log::init`](crate::log). A program that has a
    /// runtime awaits [`serve`](Self::serve).
    ///
    /// ```no_run
    /// use pmcp_server::prelude::*;
    ///
    /// /// Count the words of a text.
    /// #[task_tool(support = "forbidden")]
    /// async fn count_words(text: String) -> usize {
    ///     text.split_whitespace().count()
    /// }
    ///
    /// fn main() -> Result<(), Error> {
    ///     Server::new("words", env!("CARGO_PKG_VERSION")).tool::<count_words>().run()
    /// }
    /// ```
    ///
    /// # Errors
    /// Those of [`Transport::from_args`] and [`serve`](Self::serve); no runtime can be made; it is called on a thread of a runtime.
    pub fn run(self) -> Result<(), Error> {
        if Handle::try_current().is_ok() {
            return Err(Error::Usage(
                "`run` makes a runtime of its own: in an async function `serve` is awaited".into(),
            ));
        }
        let transport = Transport::from_args()?;
        #[cfg(feature = "log")]
        log::init();
        tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(self.serve(transport))
    }

    /// Serves HTTP as [`serve`](Self::serve) does, on a listener of yours: one that a service manager handed over, or with
    /// socket options of its own.
    ///
    /// # Errors
    /// The parts do not fit together, or the listener has no address.
    pub async fn serve_on(self, listener: TcpListener) -> Result<(), Error> {
        #[cfg(feature = "apps")]
        self.keep_types();
        self.start_on(listener)?.until_terminated().await
    }

    /// Serves nobody: runs what is left in the [queue](Self::worker) until Ctrl-C or SIGTERM, then lets it finish for the
    /// [grace](Self::shutdown_grace) and hands the rest over.
    ///
    /// # Errors
    /// The parts do not fit together.
    pub async fn work(self) -> Result<(), Error> {
        let service = self.into_service()?;
        service.router.keep_house();
        terminated().await;
        service.shut_down().await;
        log_to_its_end().await;
        Ok(())
    }

    /// Starts to serve HTTP and returns.
    ///
    /// Tasks of callers who do not authenticate belong to the local user on a loopback address, and are refused on any other.
    ///
    /// If the server has widgets, a page at `/` tells people what it is and how to connect hosts.
    ///
    /// # Errors
    /// The parts do not fit together, or the address cannot be listened on.
    pub async fn start(self, address: SocketAddr) -> Result<Running, Error> {
        let listener = TcpListener::bind(address).await.map_err(|cause| Error::Bind { address, cause })?;
        self.start_on(listener)
    }

    /// Starts to serve HTTP as [`start`](Self::start) does, on a listener of yours. It has to be called inside a Tokio runtime.
    ///
    /// ```
    /// use pmcp_server::Server;
    /// use tokio::net::TcpListener;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), pmcp_server::Error> {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let address = listener.local_addr()?;
    /// let running = Server::new("notes", "1.0.0").start_on(listener)?;
    /// assert_eq!(running.address(), address);
    /// running.shut_down().await
    /// # }
    /// ```
    ///
    /// # Errors
    /// The parts do not fit together, or the listener has no address.
    pub fn start_on(self, listener: TcpListener) -> Result<Running, Error> {
        let address = listener.local_addr()?;
        let loopback = address.ip().is_loopback();
        let mut built = self.build(loopback)?;
        built.allowed.loopback = loopback;
        let service = built.service.clone();
        service.router.keep_house();
        let closing = CancellationToken::new();
        let (serving, until) = (service.clone(), closing.clone());
        let serving = tokio::spawn(async move {
            let clock = serving.router.store().clock().clone();
            http::serve(listener, built.routes(true), &serving.limits, clock, until).await;
        });
        Ok(Running { address, service, closing, serving })
    }

    /// The server as routes for an `axum` application of yours, and what stops it with the application: one endpoint at
    /// `/mcp`. Nest it under a path if you like, merge it, or add routes to it: authentication and the checks of `Origin` and
    /// `Host` are the endpoint's alone.
    ///
    /// The application decides where it listens, so callers who do not authenticate are refused tasks, unless
    /// [`anonymous`](Self::anonymous) says otherwise, and `Host` is checked only against
    /// [`allowed_hosts`](Self::allowed_hosts). Several instances [serve the same sessions](crate#behind-a-load-balancer) with the same
    /// [`session_keys`](Self::session_keys).
    ///
    /// ```no_run
    /// use pmcp_server::Server;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (mcp, embedded) = Server::new("notes", "1.0.0").into_router()?;
    /// let app = axum::Router::new().nest("/api", mcp);
    /// let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    /// embedded.serve(listener, app, pmcp_server::terminated()).await;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The parts do not fit together.
    pub fn into_router(self) -> Result<(axum::Router, Embedded), Error> {
        let built = self.build(false)?;
        let service = built.service.clone();
        // Else with the first request: before, there may be nothing to run it.
        if Handle::try_current().is_ok() {
            service.router.keep_house();
        }
        let metadata = built.admission.resource.clone().map(|resource| (resource, built.admission.scopes.clone()));
        Ok((built.routes(false), Embedded { service, metadata }))
    }

    /// Serves one client over a pair of streams, a message a line, until its input ends: as on stdio.
    ///
    /// # Errors
    /// The parts do not fit together.
    pub async fn serve_io(
        self,
        reader: impl AsyncRead + Unpin + Send,
        writer: impl AsyncWrite + Unpin + Send + 'static,
    ) -> Result<(), Error> {
        let service = self.into_service()?;
        service.router.keep_house();
        let ended = connection::serve(service.clone(), reader, writer, CancellationToken::new()).await;
        service.shut_down_within(service.grace_since(ended)).await;
        Ok(())
    }
}

/// Waits, for a moment, until what was logged can be read: the process may end now.
async fn log_to_its_end() {
    let _ = tokio::task::spawn_blocking(log::flush).await;
}

impl Built {
    fn routes(self, has_page: bool) -> axum::Router {
        http::routes(self.service, self.admission, self.allowed, PATH, has_page)
    }
}

/// A server that serves HTTP in the background.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    service: Arc<Service>,
    closing: CancellationToken,
    serving: JoinHandle<()>,
}

impl Running {
    /// The address it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of its MCP endpoint.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}{PATH}", self.address)
    }

    /// State of the server for a health endpoint of yours: whether its store answers, its lease is kept, what waits and runs.
    ///
    /// ```
    /// use pmcp_server::Server;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), pmcp_server::Error> {
    /// let running = Server::new("notes", "1.0.0").start(([127, 0, 0, 1], 0).into()).await?;
    /// let status = running.status().await;
    /// assert!(status.is_ready());
    /// println!("{}", serde_json::to_string(&status).unwrap_or_default());
    /// running.shut_down().await
    /// # }
    /// ```
    pub async fn status(&self) -> Status {
        self.service.router.status().await
    }

    /// Serves until Ctrl-C or SIGTERM, then shuts down.
    async fn until_terminated(self) -> Result<(), Error> {
        let terminated = terminated();
        log::write(&format!("listening on {}\n", self.url()));
        terminated.await;
        let ended = self.shut_down().await;
        log_to_its_end().await;
        ended
    }

    /// Begins nothing new, lets running work finish for the grace period, then closes.
    ///
    /// # Errors
    /// It returns none today.
    pub async fn shut_down(self) -> Result<(), Error> {
        self.service.shut_down().await;
        self.closing.cancel();
        let mut serving = self.serving;
        if tokio::time::timeout(LAST_WORDS, &mut serving).await.is_err() {
            // A client that keeps its connection open does not keep the server.
            serving.abort();
        }
        Ok(())
    }
}

/// The handle of a server that is a part of an application: it tells its health, serves the application, and stops with it. Dropping it stops
/// nothing.
#[derive(Debug)]
pub struct Embedded {
    service: Arc<Service>,
    /// The metadata of the resource, with the scopes that everything needs.
    metadata: Option<(ProtectedResource, Vec<String>)>,
}

impl Embedded {
    /// The [metadata](ProtectedResource) of the endpoint as a route of its own, for an application that nests the others: clients look for them
    /// at the root, whatever the path of the endpoint is. Empty where there are none.
    pub fn well_known(&self) -> axum::Router {
        let routes = axum::Router::new();
        match &self.metadata {
            Some((resource, scopes)) => routes.merge(http::metadata(resource, scopes, [resource.path()])),
            None => routes,
        }
    }

    /// State of the server for a health endpoint of the application, as of [`Running::status`].
    pub async fn status(&self) -> Status {
        self.service.router.status().await
    }

    /// Serves the application, with what it has beside MCP, until `stopped` ends; then [shuts down](Self::shut_down), while requests
    /// are still answered, and closes the connections, which have two seconds for what was answered.
    ///
    /// It is `axum::serve` of HTTP/1.1 in the bounds of [`ServeLimits`](crate::ServeLimits): heads have to come in time, connections are bounded in number, and those
    /// that wait for a request give way to new ones. Without such bounds a stranger who opens connections and says nothing keeps everybody
    /// out. The time of a body counts at the endpoint alone: of a route of yours, it is yours to bound; and a connection that a route
    /// upgrades, as to a WebSocket, is counted no more. [`peer_address`](crate::peer_address) is known,
    /// except on this machine.
    ///
    /// ```no_run
    /// use pmcp_server::{Server, terminated};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (mcp, embedded) = Server::new("notes", "1.0.0").into_router()?;
    /// let app = axum::Router::new().route("/", axum::routing::get(async || "Notes")).nest("/api", mcp);
    /// let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    /// embedded.serve(listener, app, terminated()).await;
    /// # Ok(()) }
    /// ```
    pub async fn serve(&self, listener: TcpListener, app: axum::Router, stopped: impl Future<Output = ()> + Send) {
        let service = &self.service;
        service.router.keep_house();
        let closing = CancellationToken::new();
        let clock = service.router.store().clock().clone();
        // Large, and a part of whoever's `main`.
        let serving = Box::pin(http::serve(listener, app, &service.limits, clock, closing.clone()));
        let ending = async {
            stopped.await;
            self.shut_down().await;
            closing.cancel();
            // Whoever keeps a connection open does not keep the application.
            tokio::time::sleep(LAST_WORDS).await;
        };
        tokio::select! {
            () = serving => {}
            () = ending => {}
        }
    }

    /// Begins nothing new, lets running work finish for the [grace](Server::shutdown_grace), then ends what waits, and
    /// leaves what is left to others that share the store. The routes answer on: close the application's connections after it.
    pub async fn shut_down(&self) {
        self.service.shut_down().await;
    }
}
