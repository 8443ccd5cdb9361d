//! The one connection to the server that tabs and views share, for as long as the host is there.

use std::{
    net::ToSocketAddrs as _,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::StreamExt as _;
use parking_lot::Mutex;
use pmcp_client::{Client, ClientError, Notification, RequestOptions, Version};
use serde_json::{Value, json};
use tokio::{
    net::TcpStream,
    process::Child,
    sync::{Notify, mpsc},
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::{
    connection::{Connection, Protocol, State},
    dial::{Dial, Dialled, Silent, code, has_tasks},
    events::{Events, milliseconds},
    profile::Profile,
    questions::Questions,
    relay::Relay,
    translate::Translator,
    upstream::{Endpoint, StartError, Upstream, ending},
};

/// The wait before a lost server is tried again, which doubles up to the longest.
const RETRY: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(4);
/// A server that was there so long is no server that ends at once.
const STEADY: Duration = Duration::from_secs(5);
/// The time between looks at a server on this machine.
const LOOK: Duration = Duration::from_secs(1);
/// The time a server may take to end its session, and a process to exit.
const FAREWELL: Duration = Duration::from_secs(2);
/// The time a server may take to show that it is there.
const PROBE: Duration = Duration::from_secs(5);
/// The time a request waits for a server that is about to answer.
const SOON: Duration = Duration::from_secs(20);
/// Changes of tasks that are told together.
const CHANGES: usize = 64;
/// Tasks whose changes are listened to at a time.
const FOLLOWED: usize = 32;
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

/// A server that answers.
pub(crate) struct Live {
    pub(crate) client: Client,
    pub(crate) version: Version,
    /// Calls may become tasks: the server takes them, and the profile has them.
    pub(crate) tasks: bool,
    /// Tells tasks as 2026-07-28 has them, where the connection has them otherwise.
    pub(crate) translator: Option<Translator>,
    /// Tasks whose changes the server tells, for as long as they have not ended.
    followed: Mutex<Vec<AbortOnDropHandle<()>>>,
    pub(crate) endpoint: Endpoint,
    /// The way of the page to the endpoint.
    pub(crate) relay: Relay,
    child: Mutex<Option<Child>>,
    /// Fires when the server is gone.
    gone: CancellationToken,
    /// Told when a request has failed in a way that the connection may be the reason of.
    doubted: Notify,
    _pump: AbortOnDropHandle<()>,
    since: Instant,
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
            questions: Arc::new(Questions::new(events.clone())),
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
        let Dialled { client, version, server, tasks, child } = dialled;
        let gone = CancellationToken::new();
        let has_tasks = self.0.tasks && profile.client.tasks && has_tasks(version, &server["capabilities"]);
        let (translator, changes) = match tasks {
            Some((tasks, changes)) if has_tasks => (Some(Translator { client: client.clone(), tasks }), Some(changes)),
            _ => (None, None),
        };
        let pump = Pump { client: client.clone(), events: self.0.events.clone(), translator: translator.clone() };
        let pump = pump.run(version, server["capabilities"].clone(), changes, gone.clone());
        let live = Arc::new(Live {
            tasks: has_tasks,
            translator,
            followed: Mutex::default(),
            relay: Relay::default(),
            version,
            endpoint,
            child: Mutex::new(child),
            gone,
            doubted: Notify::new(),
            _pump: AbortOnDropHandle::new(tokio::spawn(pump)),
            since: Instant::now(),
            client,
        });
        self.leave(Some(live.clone())).await;
        let protocol = live.client.protocol_version();
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

impl Live {
    /// Takes note of a request that failed: the connection may have broken.
    pub(crate) fn failed(&self, error: &ClientError) {
        if is_broken(error) {
            self.doubted.notify_one();
        }
    }

    /// Waits until a request has failed, and the next one fails, too.
    async fn is_silent(&self) {
        loop {
            self.doubted.notified().await;
            let method = if self.version.has_handshake() { "ping" } else { "server/discover" };
            let options = RequestOptions::new().timeout(PROBE);
            if let Err(error) = self.client.request_with(method, json!({}), options).await
                && (is_broken(&error) || matches!(error, ClientError::Timeout(_)))
            {
                return;
            }
        }
    }

    /// Has the server tell how a task changes (2026-07-28; before that it does so unasked).
    pub(crate) fn follow(&self, id: &str) {
        let mut followed = self.followed.lock();
        followed.retain(|following| !following.is_finished());
        if self.version.has_handshake() || followed.len() >= FOLLOWED {
            return;
        }
        let (client, filter) = (self.client.clone(), json!({ "taskIds": [id] }));
        followed.push(AbortOnDropHandle::new(tokio::spawn(async move {
            let Ok(mut subscription) = client.listen(filter).await else { return };
            while let Some(Notification { params, .. }) = subscription.next().await {
                if matches!(params["status"].as_str(), Some("completed" | "failed" | "cancelled")) {
                    return;
                }
            }
        })));
    }

    /// The exit code of the process, if it has ended: `Some(None)` if by a signal.
    async fn exit(&self) -> Option<Option<i32>> {
        let mut child = self.child.lock().take()?;
        let status = tokio::time::timeout(FAREWELL, child.wait()).await.ok()?.ok()?;
        Some(code(status))
    }

    async fn close(&self) {
        self.followed.lock().clear();
        if let Some(translator) = &self.translator {
            translator.tasks.clear();
        }
        // The server may be gone.
        let _ = tokio::time::timeout(FAREWELL, self.client.close()).await;
        self.exit().await;
    }
}

const fn is_broken(error: &ClientError) -> bool {
    matches!(error, ClientError::Transport(_) | ClientError::Closed)
}

/// The next order, or the end.
async fn first(orders: &mut mpsc::Receiver<Order>, ended: &CancellationToken) -> Next {
    tokio::select! {
        biased;
        () = ended.cancelled() => Next::End,
        order = orders.recv() => order.map_or(Next::End, Next::Order),
    }
}

/// The one who tells what the server says of itself.
struct Pump {
    client: Client,
    events: Events,
    translator: Option<Translator>,
}

impl Pump {
    /// Tells until the server is gone.
    async fn run(
        self,
        version: Version,
        capabilities: Value,
        changes: Option<mpsc::Receiver<String>>,
        gone: CancellationToken,
    ) {
        let mut notifications = self.client.notifications();
        let told = async {
            while let Some(notification) = notifications.next().await {
                self.tell(&notification);
            }
            gone.cancel();
        };
        let translated = async {
            if let (Some(translator), Some(changes)) = (&self.translator, changes) {
                self.translate(translator, changes).await;
            }
        };
        let listened = async {
            if !version.has_handshake() {
                listen(&self.client, &capabilities).await;
            }
        };
        tokio::join!(told, translated, listened);
    }

    fn tell(&self, notification: &Notification) {
        let Notification { method, params, .. } = notification;
        match (method.as_str(), &self.translator) {
            // It is told to whoever waits for it, but that of a task is part of the task.
            ("notifications/progress", translator) => {
                if let Some(translator) = translator {
                    translator.tasks.progress(params);
                }
            }
            ("notifications/tasks/status", Some(translator)) => {
                translator.tasks.change(params["taskId"].as_str().unwrap_or_default());
            }
            _ => self.events.notification(method, params),
        }
    }

    /// Tells tasks that have changed.
    async fn translate(&self, translator: &Translator, mut changes: mpsc::Receiver<String>) {
        let mut ids = Vec::new();
        while changes.recv_many(&mut ids, CHANGES).await > 0 {
            ids.sort_unstable();
            ids.dedup();
            for id in ids.drain(..) {
                if let Some(task) = translator.notification(&id).await {
                    self.events.notification("notifications/tasks", &task);
                }
            }
        }
    }
}

/// Asks to be told when a list changes (2026-07-28), for as long as the server tells.
async fn listen(client: &Client, capabilities: &Value) {
    let mut filter = json!({});
    for (list, wish) in
        [("tools", "toolsListChanged"), ("prompts", "promptsListChanged"), ("resources", "resourcesListChanged")]
    {
        if capabilities[list]["listChanged"] == true {
            filter[wish] = true.into();
        }
    }
    while filter != json!({}) {
        let Ok(mut subscription) = client.listen(filter.clone()).await else { return };
        while subscription.next().await.is_some() {}
        tokio::time::sleep(LOOK).await;
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
