//! The host: its two listeners, for as long as it is there.

use std::{io, sync::Arc};

use axum::Router;
use pmcp_client::Client;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{key::Key, page::Page, sandbox::Sandbox, views::Views};

/// A host could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// A port of loopback could not be had.
    #[error("could not listen on {address}")]
    Listen {
        /// The address.
        address: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The system gives no random bytes.
    #[error("there are no random bytes")]
    Random(#[source] getrandom::Error),
}

/// A host to be started.
#[derive(Debug)]
pub struct HostBuilder {
    client: Client,
    port: u16,
    tasks: bool,
}

impl HostBuilder {
    /// Serves the page on this port; any free one unless it is said.
    #[must_use]
    pub const fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Tells views that tasks are passed on. The client has to declare them, and to speak 2026-07-28.
    #[must_use]
    pub const fn pass_tasks(mut self, pass: bool) -> Self {
        self.tasks = pass;
        self
    }

    /// Listens on loopback, and serves until the host is dropped.
    ///
    /// # Errors
    /// A port is taken, or there are no random bytes.
    pub async fn start(self) -> Result<Host, HostError> {
        let (page_listener, page_address) = listen(self.port).await?;
        let (sandbox_listener, sandbox_address) = listen(0).await?;
        let key = Key::new().map_err(HostError::Random)?;
        let host: Arc<str> = format!("127.0.0.1:{}", page_address.port()).into();
        let sandbox = Sandbox {
            views: Arc::new(Views::default()),
            port: sandbox_address.port(),
            page: format!("http://{host}").into(),
        };
        let url = format!("http://{host}/#key={}", key.text());
        let page = Page { client: self.client, key, host, sandbox: sandbox.clone(), tasks: self.tasks };
        let (ended, serving) = (CancellationToken::new(), TaskTracker::new());
        for (listener, router) in [(page_listener, page.router()), (sandbox_listener, sandbox.router())] {
            serving.spawn(serve(listener, router, ended.clone()));
        }
        serving.close();
        Ok(Host { url, ended, serving })
    }
}

/// A local host of widgets, which ends when it is dropped.
#[derive(Debug)]
pub struct Host {
    url: String,
    ended: CancellationToken,
    serving: TaskTracker,
}

impl Host {
    /// Begins a host of what this client's server serves.
    #[must_use]
    pub const fn builder(client: Client) -> HostBuilder {
        HostBuilder { client, port: 0, tasks: false }
    }

    /// Starts a host on any free port.
    ///
    /// # Errors
    /// As [`HostBuilder::start`].
    pub async fn start(client: Client) -> Result<Self, HostError> {
        Self::builder(client).start().await
    }

    /// The address of the page, with the key of this launch behind `#`: whoever has it may call the server.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Waits until both listeners have ended.
    pub async fn wait(&self) {
        self.serving.wait().await;
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.ended.cancel();
    }
}

async fn listen(port: u16) -> Result<(TcpListener, std::net::SocketAddr), HostError> {
    let address = format!("127.0.0.1:{port}");
    let failed = |source| HostError::Listen { address: address.clone(), source };
    let listener = TcpListener::bind(&address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

async fn serve(listener: TcpListener, router: Router, ended: CancellationToken) {
    // It ends with the token, or with the process.
    tokio::select! {
        () = ended.cancelled() => {}
        _ = axum::serve(listener, router) => {}
    }
}
