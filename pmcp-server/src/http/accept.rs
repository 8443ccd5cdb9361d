//! Accepting connections and serving them, so that strangers who are slow or many keep nobody else out.

use std::{
    convert::Infallible,
    io::{self, IoSlice},
    net::SocketAddr,
    panic::AssertUnwindSafe,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{Router, body::Body, extract::ConnectInfo};
use futures_util::FutureExt as _;
use http::Request;
use hyper::{
    body::{Body as HttpBody, Frame, Incoming, SizeHint},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use pmcp_tasks::{heard::tell, time::Clock};
use tokio::{
    io::{AsyncRead, AsyncWrite, Interest, ReadBuf, Ready},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use tower::Service as _;

use super::connections::{Connection, Connections, Open};
use crate::{
    panics::{guarded, harmless, told},
    service::ServeLimits,
};

/// The size of a request's head, in bytes: more are answered with 431.
const MAX_HEAD: usize = 64 << 10;

/// The time after which a place or a descriptor is looked for again, if no connection has ended before.
const PAUSE: Duration = Duration::from_millis(50);

/// Number of connections that give way when the process has no descriptors left: others need some, too.
const SPARE: usize = 8;

/// The time between two warnings.
const WARN: Duration = Duration::from_secs(60);

/// Serves HTTP on a listener until `closing` fires; then accepts no more, and ends when what came is answered.
pub(crate) async fn serve(
    listener: TcpListener,
    routes: Router,
    limits: &ServeLimits,
    clock: Arc<dyn Clock>,
    closing: CancellationToken,
) {
    let connections = Connections::new(limits, clock.clone());
    let most = limits.connections.max(1);
    let mut acceptor = Acceptor { listener, routes, connections, most, clock, serving: JoinSet::new(), warned: None };
    let connections = acceptor.connections.clone();
    let looking = || connections.clone().look_after();
    tokio::select! {
        biased;
        () = closing.cancelled() => {}
        () = guarded("looking after connections", acceptor.clock.clone(), looking) => {}
        () = acceptor.accept() => {}
    }
    let Acceptor { listener, mut serving, .. } = acceptor;
    drop(listener);
    connections.close();
    while serving.join_next().await.is_some() {}
}

struct Acceptor {
    listener: TcpListener,
    routes: Router,
    connections: Arc<Connections>,
    /// Number of connections at once.
    most: usize,
    clock: Arc<dyn Clock>,
    serving: JoinSet<()>,
    /// Time of the last warning.
    warned: Option<Duration>,
}

impl Acceptor {
    /// Accepts connections for as long as it is polled.
    async fn accept(&mut self) {
        while let Err(panic) = AssertUnwindSafe(self.accept_each()).catch_unwind().await {
            told(panic, |panic| tell(|| tracing::error!(panic, "accepting a connection panicked")));
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn accept_each(&mut self) {
        loop {
            let accepted = tokio::select! {
                biased;
                Some(_) = self.serving.join_next() => continue,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, address)) => {
                    self.wait_for_room().await;
                    self.serving.spawn(answer(stream, address, self.connections.open(), self.routes.clone()));
                }
                Err(error) => self.recover(&error).await,
            }
        }
    }

    /// Waits until there is a place for one connection more: one that waits for a request gives way.
    async fn wait_for_room(&mut self) {
        while self.serving.len() >= self.most {
            let most = self.most;
            self.warn(|| tracing::warn!(most, "as many connections are open as may be: the idle ones give way"));
            self.connections.make_room();
            self.one_ends().await;
        }
    }

    /// Waits after a connection that could not be accepted, where waiting helps.
    async fn recover(&mut self, error: &io::Error) {
        use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
        if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
            return;
        }
        let helps = is_want(error);
        self.warn(|| {
            let error = error as &dyn std::error::Error;
            let what = if helps { "idle ones give way" } else { "the next is tried in a moment" };
            tracing::warn!(error, "a connection could not be accepted: {what}");
        });
        for _ in 0..if helps { SPARE } else { 0 } {
            self.connections.make_room();
        }
        // It may come back at once, for as long as its cause is there.
        self.one_ends().await;
    }

    /// Waits until a connection has ended, or for a moment.
    async fn one_ends(&mut self) {
        tokio::select! {
            biased;
            Some(_) = self.serving.join_next() => {}
            () = tokio::time::sleep(PAUSE) => {}
        }
    }

    /// Writes to the log, unless it did just now.
    fn warn(&mut self, warn: impl FnOnce()) {
        let now = self.clock.monotonic();
        if self.warned.is_none_or(|last| now.saturating_sub(last) >= WARN) {
            self.warned = Some(now);
            harmless(|| tell(warn));
        }
    }
}

/// Tells whether there were no descriptors, buffers or memory for a connection, which others give back when they end.
fn is_want(error: &io::Error) -> bool {
    /// `ENOMEM`, `ENFILE`, `EMFILE` and `ENOBUFS`, which have no [`io::ErrorKind`] but the first.
    const CODES: &[i32] = if cfg!(windows) {
        &[8, 10024, 10055]
    } else if cfg!(any(target_os = "linux", target_os = "android")) {
        &[12, 23, 24, 105]
    } else {
        &[12, 23, 24, 55]
    };
    error.raw_os_error().is_some_and(|code| CODES.contains(&code))
}

/// Answers what comes over a connection.
async fn answer(stream: TcpStream, address: SocketAddr, open: Open, routes: Router) {
    let connection = &open.connection;
    let service = service_fn(|mut request: Request<Incoming>| {
        if request.body().is_end_stream() {
            connection.begin();
        } else {
            connection.begin_body();
        }
        // Callers who do not authenticate are told apart by it, except on this machine.
        if !address.ip().is_loopback() {
            request.extensions_mut().insert(ConnectInfo(address));
        }
        let answering = Answering(connection.clone());
        let coming = Coming(connection.clone());
        let response = routes.clone().call(request.map(|body| Body::new(With { body, _with: coming })));
        async move {
            let response = response.await?;
            // It is being answered until the body has been handed out.
            Ok::<_, Infallible>(response.map(|body| With { body, _with: answering }))
        }
    });
    // Connections are looked after by us: a timer for each head costs more.
    let mut server = http1::Builder::new();
    server.header_read_timeout(None).max_header_size(MAX_HEAD);
    let io = TokioIo::new(Watched { stream, connection: connection.clone() });
    // What an application upgrades, such as a WebSocket, is its own from then on.
    let mut serving = pin!(server.serve_connection(io, service).with_upgrades());
    loop {
        tokio::select! {
            biased;
            // A client that ends in the middle has ended.
            _ = serving.as_mut() => return,
            gives_way = connection.gives_way() => {
                if gives_way {
                    return;
                }
                if open.connections.is_closing() || connection.leaves() {
                    serving.as_mut().graceful_shutdown();
                }
            }
        }
    }
}

/// The body of a request is waited for, until this is dropped.
struct Coming(Arc<Connection>);

impl Drop for Coming {
    fn drop(&mut self) {
        self.0.has_come();
    }
}

/// A request is being answered, until this is dropped.
struct Answering(Arc<Connection>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// A body that brings something along, which is dropped with it.
struct With<B, T> {
    body: B,
    _with: T,
}

impl<B: HttpBody + Unpin, T: Unpin> HttpBody for With<B, T> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A stream that tells its connection when something comes or goes.
struct Watched {
    stream: TcpStream,
    connection: Arc<Connection>,
}

impl AsyncRead for Watched {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        if buffer.filled().len() > before {
            self.connection.received();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let sent = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        self.connection.sent();
        Poll::Ready(Ok(sent))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let sent = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, slices))?;
        self.connection.sent();
        Poll::Ready(Ok(sent))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Whoever is woken for it flushes, if there is nothing to write.
        if self.connection.looks_for_client() {
            let ready = self.stream.ready(Interest::READABLE).now_or_never();
            if ready.is_some_and(|ready| ready.is_ok_and(Ready::is_read_closed)) {
                return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
            }
        }
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use pmcp_tasks::testing::ManualClock;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn idle_connections_give_way_only_where_that_helps() {
        let (clock, limits) = (Arc::new(ManualClock::new()), ServeLimits::default());
        let connections = Connections::new(&limits, clock.clone());
        let mut acceptor = Acceptor {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
            routes: Router::new(),
            connections: connections.clone(),
            most: 100,
            clock,
            serving: JoinSet::new(),
            warned: None,
        };
        let open: Vec<_> = (0..2 * SPARE).map(|_| connections.open()).collect();
        let gave_way = || open.iter().filter(|open| open.connection.gives_way().now_or_never() == Some(true)).count();
        let (permission, protocol) = (io::ErrorKind::PermissionDenied.into(), io::Error::other("no such protocol"));
        for error in [permission, protocol, io::Error::from_raw_os_error(1)] {
            acceptor.recover(&error).await;
            assert_eq!(gave_way(), 0, "{error}");
        }
        // EMFILE is the same on every Unix.
        #[cfg(unix)]
        {
            acceptor.recover(&io::Error::from_raw_os_error(24)).await;
            assert_eq!(gave_way(), SPARE);
        }
    }
}
