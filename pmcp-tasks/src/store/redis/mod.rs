//! Tasks in Redis, Valkey or a cluster of them.
//!
//! Each operation on a task is one script, which the server runs as a whole; see `lua/`. An owner's tasks are in one *bucket*,
//! of which there are sixteen: the bucket is the hash tag of every key, so that a script finds all it needs in one slot, and a
//! claim looks at sixteen places and not at every owner's. Keys in a bucket: `t:` a task, `v:` its variables, `j:` its steps,
//! `i:` an idempotency key, `o:` and `b:` what is known of an owner's tasks (`owner.lua`), `h:` what a holder has, `g` the queue
//! in its order, `e` in that of expiry, `y` what has expired of it, `c:` what a claim took, `d:` a buried worker. Beside the
//! buckets: the layout, `w` the living workers, `u` the unsettled.
//!
//! The server removes a task by itself an hour after its expiry, told as a span of time. Until then the caller's clock decides
//! whether it exists, and nothing is removed because some clock says so.

mod address;
mod error;
mod feed;
mod link;
mod list;
mod names;
mod open;
mod reply;
mod script;
mod tasks;
mod workers;

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use redis::Client;
use tokio::{runtime::Handle, sync::mpsc};

use self::{
    address::Address,
    error::NAME,
    feed::Subscriber,
    link::Link,
    names::{Names, ORIGIN},
};
use super::{
    Missing, StorageBackend, StoreError,
    backend::{
        Beat, Capabilities, Claim, Create, Feed, Holder, Merge, Merged, NewTask, Page, Parts, Position, Put, Recorded,
        Result, Scope, Step, StoredTask, TaskKey, Worker, WorkerId, Written,
    },
    part,
};
use crate::time::Millis;

/// The largest part it stores: 32 MiB. While one is on its way, the calls behind it on the connection wait.
const MAX_PART: u32 = 32 << 20;

/// Number of hints that may wait to be taken.
const HINTS: usize = 256;

/// Keeps tasks in Redis (6.2 or newer), Valkey or a cluster of either, for servers on several machines.
///
/// An answered write is as durable as the server is configured to make it: with `appendonly yes` a restart loses its last
/// second at most, or nothing with `appendfsync always`; without, everything since the last snapshot. Replicas are written
/// behind the answer, so that a failover may lose the last writes. The log tells at the start which it is, and warns of a
/// server that removes keys when its memory is full (`maxmemory-policy` other than `noeviction`): tasks would be
/// among them.
///
/// The URL is `redis://[user:password@]host[:port][/database]`, `rediss://…` for TLS (with the certificates of the operating
/// system, or those in the file that `SSL_CERT_FILE` names), `redis+cluster://host:port,host:port` or `rediss+cluster://…` for a cluster, of which any nodes may be named. Its
/// one parameter is `prefix`, the beginning of all keys and channels: 1 to 64 characters, `pm` if it is left out. Stores with
/// different prefixes know nothing of each other. A user of the server needs the keys `{PREFIX*`, the channels `PREFIX:*`,
/// and the commands in scripts; without the right to publish or subscribe, changes by other processes are seen late.
///
/// A cluster may lose nodes and make replicas masters. Its slots are not to be moved while servers use the store, unless the cluster
/// moves each at once (Valkey 9, Redis 8.4): while the keys of a slot are in two places, tasks would seem to be missing.
///
/// TLS uses what the program has set as the provider of `rustls`, and sets `ring` where it has set none.
///
/// One connection serves all callers, and a second one each feed. A server that does not answer within 5 seconds is
/// unavailable; the connection is replaced with the next call. A part of a task is at most 32 MiB.
///
/// Memory is needed for every task until an hour after it expires: about 2 KiB and its parts.
///
/// A burial is remembered for 30 days. Tasks in the queue are claimed in the order of their creation within each of sixteen
/// groups of owners.
///
/// ```no_run
/// use pmcp_tasks::store::{RedisBackend, StorageBackend as _};
///
/// # pmcp_tasks::testing::block_on(async {
/// let backend = RedisBackend::connect("redis://localhost?prefix=my-server").await?;
/// assert_eq!(backend.capabilities().name, "redis");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub struct RedisBackend {
    store: Store,
    servers: Vec<Client>,
    durability: String,
    feeds: Arc<()>,
}

/// The means of operations.
struct Store {
    link: Link,
    names: Arc<Names>,
    origin: [u8; ORIGIN],
    turns: AtomicUsize,
    /// Number of claims.
    claims: AtomicU64,
}

impl Store {
    /// A number below `n`, another one each time.
    fn turn(&self, n: usize) -> usize {
        self.turns.fetch_add(1, Ordering::Relaxed) % n
    }
}

impl RedisBackend {
    /// Connects to a store, which is made if there is none.
    ///
    /// # Errors
    /// [`StoreError::Url`] if the URL has another form; [`StoreError::Unavailable`] if no server answers within seconds;
    /// [`StoreError::Refused`] if it refuses the password or the commands, or if a newer build has written the store.
    pub async fn connect(url: &str) -> Result<Self> {
        Self::connect_to(url, Missing::Made).await
    }

    /// The same, where a store that is missing may be refused.
    pub(in crate::store) async fn connect_to(url: &str, missing: Missing) -> Result<Self> {
        let Address { prefix, .. } = Address::parse(url)?;
        let mut origin = [0; ORIGIN];
        getrandom::fill(&mut origin)
            .map_err(|source| StoreError::Unavailable { backend: NAME, source: Box::new(source) })?;
        let (link, servers) = Link::new(&Address::parse(url)?)?;
        let (names, durability) = open::open(&link, prefix, missing).await?;
        let turns = AtomicUsize::new(usize::from(origin[0]));
        let store = Store { link, names: Arc::new(names), origin, turns, claims: AtomicU64::new(0) };
        Ok(Self { store, servers, durability, feeds: Arc::new(()) })
    }
}

impl fmt::Debug for RedisBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let servers: Vec<_> =
            self.servers.iter().map(|server| server.get_connection_info().addr().to_string()).collect();
        let prefix = self.store.names.prefix();
        f.debug_struct("RedisBackend").field("servers", &servers).field("prefix", &prefix).finish_non_exhaustive()
    }
}

#[async_trait]
impl StorageBackend for RedisBackend {
    fn capabilities(&self) -> Capabilities {
        Capabilities { name: NAME, max_part: MAX_PART, shared: true, durability: self.durability.clone() }
    }

    async fn create(&self, new: &NewTask, now: Millis) -> Result<Create> {
        part::check_sizes(NAME, MAX_PART, [&new.head, &new.body])?;
        Ok(self.store.create(new, now).await?)
    }

    async fn get(&self, key: &TaskKey, parts: Parts, now: Millis) -> Result<Option<StoredTask>> {
        Ok(self.store.get(key, parts, now).await?)
    }

    async fn put(&self, key: &TaskKey, put: &Put, now: Millis) -> Result<Written> {
        part::check_sizes(NAME, MAX_PART, part::of_put(put))?;
        Ok(self.store.put(key, put, now).await?)
    }

    async fn merge(&self, key: &TaskKey, merge: &Merge, now: Millis) -> Result<Merged> {
        part::check_sizes(NAME, MAX_PART, part::values(&merge.ops))?;
        Ok(self.store.merge(key, merge, now).await?)
    }

    async fn record(&self, key: &TaskKey, step: &Step, now: Millis) -> Result<Recorded> {
        part::check_sizes(NAME, MAX_PART, [&step.value].into_iter().chain(part::values(&step.changes)))?;
        Ok(self.store.record(key, step, now).await?)
    }

    async fn delete(&self, key: &TaskKey) -> Result<bool> {
        Ok(self.store.delete(key).await?)
    }

    async fn page(&self, scope: &Scope, before: Option<&Position>, n: u16, now: Millis) -> Result<Page> {
        Ok(self.store.page(*scope, before, n, now).await?)
    }

    async fn claim(&self, from: &Holder, to: &WorkerId, n: u16, now: Millis) -> Result<Claim> {
        Ok(self.store.claim(*from, *to, n, now).await?)
    }

    async fn held(&self, by: &Holder, after: Option<&TaskKey>, n: u16) -> Result<Vec<TaskKey>> {
        Ok(self.store.held(*by, after, n).await?)
    }

    async fn beat(&self, worker: &WorkerId, period: Duration, now: Millis) -> Result<Beat> {
        Ok(self.store.beat(*worker, period, now).await?)
    }

    async fn workers(&self) -> Result<Vec<Worker>> {
        Ok(self.store.workers().await?)
    }

    async fn bury(&self, worker: &WorkerId, seen: u64) -> Result<bool> {
        Ok(self.store.bury(*worker, seen).await?)
    }

    async fn buried(&self) -> Result<Vec<WorkerId>> {
        Ok(self.store.buried().await?)
    }

    async fn settle(&self, worker: &WorkerId) -> Result<()> {
        Ok(self.store.settle(*worker).await?)
    }

    async fn sweep(&self, n: u16, now: Millis) -> Result<u16> {
        Ok(self.store.sweep(n, now).await?)
    }

    fn feed(&self, me: &WorkerId) -> Option<Feed> {
        let runtime = Handle::try_current().ok()?;
        let (send_hint, hints) = mpsc::channel(HINTS);
        let (interest, interests) = mpsc::unbounded_channel();
        let subscriber = Subscriber {
            servers: self.servers.clone(),
            names: self.store.names.clone(),
            origin: self.store.origin,
            me: *me,
            hints: send_hint,
            interests,
            feeds: self.feeds.clone(),
            awaited: HashMap::new(),
            pending: HashSet::new(),
        };
        runtime.spawn(subscriber.run());
        Some(Feed { hints, interest })
    }
}
