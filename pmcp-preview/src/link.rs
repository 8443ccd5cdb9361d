//! The one connection to the server that tabs and views share, for as long as the host is there.

use std::{
    net::ToSocketAddrs as _,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use pmcp_preview_client::{Questions, Session, has_tasks};
use tokio::{
    net::TcpStream,
    sync::{Notify, mpsc},
};
use tokio_util::sync::CancellationToken;

use crate::{
    connection::{Connection, Protocol, State},
    dial::{Dial, Dialled, Silent},
    events::{Events, milliseconds},
    live::Live,
    profile::Profile,
    relay::Relay,
    upstream::{Endpoint, StartError, Upstream, ending},
};

/// The wait before a lost server is tried again, which doubles up to the longest.
const RETRY: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(4);
/// A server that was there so long is no server that ends at once.
const STEADY: Duration = Duration::from_secs(5);
/// The time between looks at a server on this machine.
const LOOK: Duration = Duration::from_secs(1);
/// The time a request waits for a server that is about to answer.
const SOON: Duration = Duration::from_secs(20);
/// Orders that wait.
const ORDERS: usize = 16;

/// Something to do with the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Connects at once, and anew, under the present wishes.
    Connect,
    /// Stops the server and starts it.
    Restart,
    /// Starts what the sources say now; the server that is there goes on until that is ready.
    Build,
}

/// The wishes of the page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wishes {
    pub(crate) profile: &'static Profile,
    pub(crate) protocol: Protocol,
}

/// The connection. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Link(Arc<Inner>);

struct Inner {
    upstream: Arc<dyn Upstream>,
    events: Events,
    questions: Arc<Questions>,
    /// Tasks are passed on where both sides have them.
    tasks: bool,
    wishes: Mutex<Wishes>,
    live: Mutex<Option<Arc<Live>>>,
    /// The times it was lost in a row.
    losses: AtomicU32,
    /// Told when the connection is another one.
    changed: Notify,
    orders: mpsc::Sender<Order>,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Link").field("connection", &self.0.events.connection()).finish_non_exhaustive()
    }
}

/// The end of an attempt, or of a connection.
enum Next {
    Order(Order),
    Live(Arc<Live>),
    /// It is tried again by itself.
    Lost(String),
    /// Nothing happens until somebody asks for it.
    Stopped(State, String),
    End,
}

impl Link {
    /// A connection, and the work that keeps it until the token fires.
    pub(crate) fn new(
        upstream: Arc<dyn Upstream>,
        wishes: Wishes,
        tasks: bool,
        ended: CancellationToken,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (orders, ordered) = mpsc::channel(ORDERS);
        let events = Events::new();
        let inner = Inner {
            upstream,
            questions: Arc::new(Questions::new(Arc::new(events.clone()))),
            events,
            tasks,
            wishes: Mutex::new(wishes),
            live: Mutex::default(),
            losses: AtomicU32::new(0),
            changed: Notify::new(),
            orders,
        };
        let link = Self(Arc::new(inner));
        (link.clone(), link.keep(ordered, ended))
    }

    pub(crate) fn events(&self) -> &Events {
        &self.0.events
    }

    pub(crate) fn questions(&self) -> &Questions {
        &self.0.questions
    }

    /// Tells whether tasks are passed on where both sides have them.
    pub(crate) fn passes_tasks(&self) -> bool {
        self.0.tasks
    }

    pub(crate) fn wishes(&self) -> Wishes {
        *self.0.wishes.lock()
    }

    pub(crate) fn wish(&self, change: impl FnOnce(&mut Wishes)) {
        change(&mut self.0.wishes.lock());
    }

    /// Has something done. Where very much waits already, it is done anyway.
    pub(crate) fn order(&self, order: Order) {
        let _ = self.0.orders.try_send(order);
    }

    /// The server, once it answers; `None` if it does not soon.
    pub(crate) async fn soon(&self) -> Option<Arc<Live>> {
        let ready = async {
            loop {
                let mut changed = std::pin::pin!(self.0.changed.notified());
                changed.as_mut().enable();
                if let Some(live) = self.live() {
                    return Some(live);
                }
                if !matches!(self.0.events.connection().state, State::Starting | State::Building) {
                    return None;
                }
                changed.await;
            }
        };
        tokio::time::timeout(SOON, ready).await.ok().flatten()
    }

    /// The server, if it answers.
    pub(crate) fn live(&self) -> Option<Arc<Live>> {
        self.0.live.lock().clone()
    }

    async fn keep(self, mut orders: mpsc::Receiver<Order>, ended: CancellationToken) {
        let mut next = Next::Order(Order::Connect);
        loop {
            next = match next {
                Next::Order(order) => self.obey(order, &mut orders, &ended).await,
                Next::Live(live) => self.watch(&live, &mut orders, &ended).await,
                Next::Lost(message) => self.wait(message, &mut orders, &ended).await,
                Next::Stopped(state, message) => {
                    self.leave(None).await;
                    let lines = self.0.events.lines();
                    self.show(|connection| {
                        connection.state = state;
                        connection.message = Some(message);
                        connection.lines = if state == State::Failed { lines } else { Vec::new() };
                    });
                    first(&mut orders, &ended).await
                }
                Next::End => break,
            };
        }
        self.leave(None).await;
        self.0.upstream.stop().await;
    }

    /// Starts and connects, until it has succeeded or something else is to be done.
    async fn obey(&self, order: Order, orders: &mut mpsc::Receiver<Order>, ended: &CancellationToken) -> Next {
        let is_kept = order == Order::Build && self.live().is_some();
        if !is_kept {
            self.show(|connection| connection.state = State::Starting);
            self.leave(None).await;
        }
        if order == Order::Restart {
            self.0.upstream.stop().await;
            self.0.events.forget_lines();
        }
        tokio::select! {
            biased;
            next = first(orders, ended) => next,
            next = self.attempt() => next,
        }
    }

    /// One attempt. A server that answers meanwhile goes on until another one does.
    async fn attempt(&self) -> Next {
        let Inner { upstream, events, .. } = &*self.0;
        let endpoint = match upstream.start(events).await {
            Ok(endpoint) => endpoint,
            Err(error) => {
                return match (self.live(), error) {
                    (Some(live), StartError::Build(_)) => Next::Live(live),
                    (_, error) => Next::Stopped(State::Failed, error.to_string()),
                };
            }
        };
        let before = self.live();
        events.change(|connection| {
            connection.transport = Some(endpoint.transport());
            connection.address = Some(endpoint.address());
            if before.is_none() {
                connection.state = State::Starting;
            }
        });
        let wishes = self.wishes();
        let dial = Dial {
            profile: wishes.profile,
            protocol: wishes.protocol,
            tasks: self.0.tasks,
            events: events.clone(),
            questions: self.0.questions.clone(),
        };
        match dial.connect(&endpoint).await {
            Ok(dialled) => Next::Live(self.take(dialled, endpoint, wishes.profile).await),
            Err(Silent::Lost(message)) => Next::Lost(message),
            Err(Silent::Refused(message)) => Next::Stopped(State::Refused, message),
            Err(Silent::Failed(message)) => Next::Stopped(State::Failed, message),
        }
    }

    /// Takes a server that answers in the place of the one before.
    async fn take(&self, dialled: Dialled, endpoint: Endpoint, profile: &Profile) -> Arc<Live> {
        let Dialled { client, version, server, tasks, process } = dialled;
        let gone = CancellationToken::new();
        let has_tasks = self.0.tasks && profile.client.tasks && has_tasks(version, &server["capabilities"]);
        let told = Arc::new(self.0.events.clone());
        let (is_gone, tasks) = (gone.clone(), tasks.filter(|_| has_tasks));
        let session =
            Session::new(client, version, server["capabilities"].clone(), tasks, told, move || is_gone.cancel());
        let live = Arc::new(Live {
            session,
            version,
            tasks: has_tasks,
            relay: Relay::default(),
            endpoint,
            process: Mutex::new(process),
            gone,
            doubted: Notify::new(),
            since: Instant::now(),
        });
        self.leave(Some(live.clone())).await;
        let protocol = live.session.client().protocol_version();
        self.show(|connection| {
            connection.state = State::Ready;
            connection.protocol = Some(protocol);
            connection.server = Some(server);
        });
        live
    }

    /// Waits until the server is gone, or something else is to be done.
    async fn watch(&self, live: &Arc<Live>, orders: &mut mpsc::Receiver<Order>, ended: &CancellationToken) -> Next {
        let lost = tokio::select! {
            biased;
            next = first(orders, ended) => return next,
            code = self.0.upstream.ended() => format!("the server ended {}", ending(code)),
            () = live.gone.cancelled() => match live.exit().await {
                Some(code) => format!("the server ended {}", ending(code)),
                None => "the connection broke".to_owned(),
            },
            () = live.is_silent() => "the server does not answer any more".to_owned(),
            () = out_of_reach(&live.endpoint) => "the server is gone".to_owned(),
        };
        if live.since.elapsed() >= STEADY {
            self.0.losses.store(0, Ordering::Relaxed);
        }
        Next::Lost(lost)
    }

    /// Waits before a lost server is tried again.
    async fn wait(&self, message: String, orders: &mut mpsc::Receiver<Order>, ended: &CancellationToken) -> Next {
        self.leave(None).await;
        let losses = self.0.losses.fetch_add(1, Ordering::Relaxed);
        let retry = RETRY.saturating_mul(1 << losses.min(8)).min(LONGEST);
        let lines = self.0.events.lines();
        self.show(|connection| {
            connection.state = State::Lost;
            connection.retry_ms = Some(milliseconds(retry));
            connection.message = Some(message);
            connection.lines = lines;
        });
        tokio::select! {
            biased;
            next = first(orders, ended) => next,
            () = tokio::time::sleep(retry) => Next::Order(Order::Connect),
        }
    }

    /// Puts a server, or none, in the place of the one that is there, and takes leave of that.
    async fn leave(&self, next: Option<Arc<Live>>) {
        let before = std::mem::replace(&mut *self.0.live.lock(), next);
        if let Some(before) = before {
            before.close().await;
        }
    }

    /// Shows the connection, without what belonged to the state before.
    fn show(&self, change: impl FnOnce(&mut Connection)) {
        self.0.events.change(|connection| {
            connection.retry_ms = None;
            connection.message = None;
            connection.lines.clear();
            change(connection);
            if connection.state != State::Ready {
                connection.protocol = None;
            }
        });
        self.0.changed.notify_waiters();
    }
}

/// The next order, or the end.
async fn first(orders: &mut mpsc::Receiver<Order>, ended: &CancellationToken) -> Next {
    tokio::select! {
        biased;
        () = ended.cancelled() => Next::End,
        order = orders.recv() => order.map_or(Next::End, Next::Order),
    }
}

/// Waits until nobody listens at a server on this machine. Others are noticed by the requests that fail.
async fn out_of_reach(endpoint: &Endpoint) {
    let address = match endpoint {
        Endpoint::Http { url, .. } => loopback(url),
        Endpoint::Stdio(_) => None,
    };
    let Some(address) = address else { return std::future::pending().await };
    while TcpStream::connect(&*address).await.is_ok() {
        tokio::time::sleep(LOOK).await;
    }
}

/// The address of a URL's server, if it is on this machine.
fn loopback(url: &str) -> Option<String> {
    let uri: http::Uri = url.parse().ok()?;
    let host = uri.host()?;
    let standard = if uri.scheme_str() == Some("https") { 443 } else { 80 };
    let address = format!("{host}:{}", uri.port_u16().unwrap_or(standard));
    let is_here = host == "localhost"
        || host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback());
    (is_here && address.to_socket_addrs().is_ok()).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_servers_on_this_machine_are_looked_at() {
        assert_eq!(loopback("http://127.0.0.1:8081/mcp").as_deref(), Some("127.0.0.1:8081"));
        assert_eq!(loopback("http://[::1]:8081/mcp").as_deref(), Some("[::1]:8081"));
        assert_eq!(loopback("https://a.example/mcp"), None);
    }
}
