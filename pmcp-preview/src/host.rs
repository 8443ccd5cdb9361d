//! The host: its two listeners, for as long as it is there.

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::Router;
use tokio::{
    net::TcpListener,
    sync::{Mutex, mpsc},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    camera::Camera,
    connection::Protocol,
    events::Events,
    key::Key,
    link::{Link, Order, Wishes},
    notice::{Notice, Recorded},
    page::OPEN,
    profile::{self, FIRST},
    record::Record,
    sandbox::Sandbox,
    state::Page,
    traces::Traces,
    upstream::Upstream,
    views::Views,
};

/// Notices that wait for whoever asks.
const NOTICES: usize = 16;

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
    /// There is no such profile.
    #[error("there is no host profile `{0}`")]
    Profile(String),
    /// The record of the first view cannot be written to its file.
    #[error("the record cannot be written to `{}`", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The system gives no random bytes.
    #[error("there are no random bytes")]
    Random(#[source] getrandom::Error),
}

/// A host to be started.
pub struct HostBuilder {
    upstream: Arc<dyn Upstream>,
    port: u16,
    tasks: bool,
    protocol: Protocol,
    profile: String,
    traces: PathBuf,
    record: Option<PathBuf>,
    camera: Option<Arc<dyn Camera>>,
}

impl std::fmt::Debug for HostBuilder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { upstream: _, camera: _, port, tasks, protocol, profile, traces, record } = self;
        let mut shown = formatter.debug_struct("HostBuilder");
        shown.field("port", port).field("tasks", tasks).field("protocol", protocol).field("profile", profile);
        shown.field("traces", traces).field("record", record).finish_non_exhaustive()
    }
}

impl HostBuilder {
    /// Serves the page on this port; any free one unless it is said.
    #[must_use]
    pub const fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Passes tasks on where the server and the profile have them, which is what it does unless told otherwise.
    #[must_use]
    pub const fn pass_tasks(mut self, pass: bool) -> Self {
        self.tasks = pass;
        self
    }

    /// Speaks this version until the page wishes for another; the newest that both sides have unless it is said.
    #[must_use]
    pub const fn protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = protocol;
        self
    }

    /// Keeps traces in this directory, which is made if it is not there; `target/pmcp/traces` unless it is said.
    #[must_use]
    pub fn traces(mut self, directory: impl Into<PathBuf>) -> Self {
        self.traces = directory.into();
        self
    }

    /// Records all messages of the first view that a page opens, with their contents and without any HTTP header, as a trace in this file.
    /// It is written when the view ends, or the host; a file that was there is replaced then.
    #[must_use]
    pub fn record(mut self, file: impl Into<PathBuf>) -> Self {
        self.record = Some(file.into());
        self
    }

    /// Takes the pictures of views that pages ask for; without a camera, there are none.
    #[must_use]
    pub fn camera(mut self, camera: impl Camera) -> Self {
        self.camera = Some(Arc::new(camera));
        self
    }

    /// Emulates this host until the page wishes for another; `specification` unless it is said.
    #[must_use]
    pub fn profile(mut self, id: impl Into<String>) -> Self {
        self.profile = id.into();
        self
    }

    /// Listens on loopback, and serves until the host is dropped.
    ///
    /// # Errors
    /// A port is taken, there is no such profile, no record can be written, or there are no random bytes.
    pub async fn start(self) -> Result<Host, HostError> {
        let profile = profile::find(&self.profile).ok_or(HostError::Profile(self.profile))?;
        let record = self
            .record
            .map(|path| Record::new(path.clone()).map(Arc::new).map_err(|source| HostError::Record { path, source }));
        let record = record.transpose()?;
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
        let entry = format!("http://{host}{OPEN}#key={}", key.text());
        let (ended, serving) = (CancellationToken::new(), TaskTracker::new());
        let wishes = Wishes { profile, protocol: self.protocol };
        let (link, keeping) = Link::new(self.upstream, wishes, self.tasks, ended.clone());
        serving.spawn(keeping);
        let traces = Traces::new(&self.traces);
        let (notices, told) = mpsc::channel(NOTICES);
        let page = Page {
            link: link.clone(),
            key,
            host,
            sandbox: sandbox.clone(),
            traces,
            record: record.clone(),
            notices,
            camera: self.camera.map(|camera| Arc::new(Mutex::new(camera))),
        };
        for (listener, router) in [(page_listener, page.router()), (sandbox_listener, sandbox.router())] {
            serving.spawn(serve(listener, router, ended.clone()));
        }
        serving.close();
        Ok(Host { url, entry, link, ended, serving, record, told: Mutex::new(told), changes: AtomicU64::new(0) })
    }
}

/// Files that have changed, as whoever watches them tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Changed {
    /// These, which are no part of the program: pages read again what they show.
    Files(Vec<PathBuf>),
    /// The program's sources: it is built and started anew. If it does not build, the one that runs goes on.
    Rust,
}

/// A local host of widgets, which ends when it is dropped.
pub struct Host {
    url: String,
    entry: String,
    link: Link,
    ended: CancellationToken,
    serving: TaskTracker,
    record: Option<Arc<Record>>,
    told: Mutex<mpsc::Receiver<Notice>>,
    /// The changes of files so far.
    changes: AtomicU64,
}

/// Without the key.
impl std::fmt::Debug for Host {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Host").field("link", &self.link).finish_non_exhaustive()
    }
}

impl Host {
    /// Begins a host of what this server serves.
    #[must_use]
    pub fn builder(upstream: impl Upstream) -> HostBuilder {
        HostBuilder {
            upstream: Arc::new(upstream),
            port: 0,
            tasks: true,
            protocol: Protocol::Auto,
            profile: FIRST.to_owned(),
            traces: PathBuf::from("target/pmcp/traces"),
            record: None,
            camera: None,
        }
    }

    /// Starts a host on any free port.
    ///
    /// # Errors
    /// As [`HostBuilder::start`].
    pub async fn start(upstream: impl Upstream) -> Result<Self, HostError> {
        Self::builder(upstream).start().await
    }

    /// The address of the page, with the key of this launch behind `#`: whoever has it may call the server.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address that leads to the page from elsewhere, such as from a file; with the key, too. The page itself takes nobody that another
    /// site or a file has sent, as its address may say what to call.
    #[must_use]
    pub fn entry(&self) -> &str {
        &self.entry
    }

    /// All that happens, to be told to pages.
    #[must_use]
    pub fn events(&self) -> &Events {
        self.link.events()
    }

    /// Takes note of changed files. Where a page is there to say what came of it, this gives the number of the change that it says
    /// it with, in [`Notice::Reloaded`].
    pub fn reload(&self, changed: Changed) -> Option<u64> {
        match changed {
            Changed::Files(paths) => {
                let change = self.changes.fetch_add(1, Ordering::Relaxed) + 1;
                let is_heard = self.link.events().is_read();
                self.link.events().files(&paths, change);
                is_heard.then_some(change)
            }
            Changed::Rust => {
                self.link.order(Order::Build);
                None
            }
        }
    }

    /// Waits for the next thing that a page has come to.
    pub async fn notice(&self) -> Notice {
        match self.told.lock().await.recv().await {
            Some(notice) => notice,
            // There are no pages any more.
            None => std::future::pending().await,
        }
    }

    /// Ends the record of the first view, as the end of the host does, too. `None` if there was to be none, or it has ended before.
    pub fn end_record(&self) -> Option<Recorded> {
        self.record.as_ref()?.end()
    }

    /// Waits until both listeners have ended.
    pub async fn wait(&self) {
        self.serving.wait().await;
    }

    /// Ends the host, and waits until the server is stopped, too.
    pub async fn stop(self) {
        self.ended.cancel();
        self.serving.wait().await;
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // Whoever wants to know how it ended has asked before.
        let _ = self.end_record();
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
