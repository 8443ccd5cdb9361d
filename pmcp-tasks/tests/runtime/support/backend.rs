//! A store that fails and hesitates on demand.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use pmcp_tasks::{
    store::{
        MemoryBackend, StorageBackend, StoreError,
        backend::{
            Beat, Capabilities, Claim, Create, Feed, Holder, Merge, Merged, NewTask, Page, Parts, Position, Put,
            Recorded, Result, Scope, Step, StoredTask, TaskKey, Worker, WorkerId, Written,
        },
    },
    time::Millis,
};
use tokio::sync::{Semaphore, mpsc};

/// What happens to the next writes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    /// They fail and are not applied.
    Down,
    /// They are applied, and the reply is lost.
    ReplyLost,
    /// They are refused: the disk is full.
    Full,
}

#[derive(Debug, Default)]
struct State {
    fault: Option<(Fault, usize)>,
    /// The only operation that goes wrong; `None`: every write.
    only: Option<&'static str>,
    gate: Option<Arc<Semaphore>>,
    create_gate: Option<Arc<Semaphore>>,
    /// An operation that waits for a permit before it is begun.
    held: Option<(&'static str, Arc<Semaphore>)>,
    /// An operation that panics when it is begun, and how often it will.
    panics: Option<(&'static str, usize)>,
    /// The write at which it dies, counted down, and whether that is applied.
    dies: Option<(usize, bool)>,
    is_dead: bool,
    max_part: Option<u32>,
    shared: bool,
    /// Set where it brings hints, to those who asked.
    feeds: Option<Vec<mpsc::Sender<TaskKey>>>,
}

/// The memory backend, with faults in whatever writes tasks. Clones share everything.
#[derive(Clone, Debug)]
pub(crate) struct FaultyBackend {
    inner: Arc<MemoryBackend>,
    state: Arc<Mutex<State>>,
}

impl FaultyBackend {
    pub(crate) fn new() -> Self {
        Self { inner: Arc::new(MemoryBackend::new()), state: Arc::default() }
    }

    pub(crate) fn with_max_part(max_part: u32) -> Self {
        let backend = Self::new();
        backend.state.lock().unwrap().max_part = Some(max_part);
        backend
    }

    /// A connection of its own to a store that other processes use, too. It brings no hints.
    pub(crate) fn to(store: &Arc<MemoryBackend>) -> Self {
        let backend = Self { inner: store.clone(), state: Arc::default() };
        backend.state.lock().unwrap().shared = true;
        backend
    }

    /// The next `times` writes go wrong.
    pub(crate) fn fail(&self, fault: Fault, times: usize) {
        let mut state = self.state.lock().unwrap();
        (state.fault, state.only) = (Some((fault, times)), None);
    }

    /// The next `times` operations of this name go wrong.
    pub(crate) fn fail_in(&self, operation: &'static str, fault: Fault, times: usize) {
        let mut state = self.state.lock().unwrap();
        (state.fault, state.only) = (Some((fault, times)), Some(operation));
    }

    /// The next `times` operations of this name panic.
    pub(crate) fn panic_in(&self, operation: &'static str, times: usize) {
        self.state.lock().unwrap().panics = Some((operation, times));
    }

    /// Dies at the write of this number, from 1: before or after it is applied. Nothing is answered from then on.
    pub(crate) fn die_at(&self, write: usize, applied: bool) {
        self.state.lock().unwrap().dies = Some((write, applied));
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.state.lock().unwrap().is_dead
    }

    /// Number of the operations that were to panic and have not come.
    pub(crate) fn panics_left(&self) -> usize {
        self.state.lock().unwrap().panics.map_or(0, |(_, times)| times)
    }

    /// How many of the operations that were to go wrong have not come.
    pub(crate) fn left(&self) -> usize {
        self.state.lock().unwrap().fault.map_or(0, |(_, times)| times)
    }

    pub(crate) fn recover(&self) {
        self.state.lock().unwrap().fault = None;
    }

    /// Writes that are applied, but creations, wait for a permit before they return.
    pub(crate) fn hold_replies(&self) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        self.state.lock().unwrap().gate = Some(gate.clone());
        gate
    }

    /// Creations that are applied wait for a permit before they return.
    pub(crate) fn hold_creations(&self) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        self.state.lock().unwrap().create_gate = Some(gate.clone());
        gate
    }

    /// Operations of this name wait for a permit before they begin.
    pub(crate) fn hold_in(&self, operation: &'static str) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        self.state.lock().unwrap().held = Some((operation, gate.clone()));
        gate
    }

    /// From now on it brings the hints of [`hint`](Self::hint).
    pub(crate) fn bring_hints(&self) {
        self.state.lock().unwrap().feeds = Some(Vec::new());
    }

    /// Ends its feeds.
    pub(crate) fn end_feeds(&self) {
        self.bring_hints();
    }

    /// Tells whoever follows a feed that this task changed.
    pub(crate) fn hint(&self, key: &TaskKey) {
        let state = self.state.lock().unwrap();
        state.feeds.iter().flatten().for_each(|feed| feed.try_send(key.clone()).unwrap());
    }

    async fn begin(&self, operation: &'static str) {
        let (held, panics) = {
            let mut state = self.state.lock().unwrap();
            let panics = state.panics.as_mut().filter(|(panics, times)| *panics == operation && *times > 0);
            let panics = panics.map(|(_, times)| *times -= 1).is_some();
            (state.held.clone(), panics)
        };
        if self.is_dead() {
            std::future::pending::<()>().await;
        }
        assert!(!panics, "{operation} panics as the test wants");
        if let Some((_, gate)) = held.filter(|(held, _)| *held == operation) {
            gate.acquire().await.unwrap().forget();
        }
    }

    async fn write<T>(
        &self,
        operation: &'static str,
        write: impl Future<Output = Result<T>> + Send,
        may_wait: bool,
    ) -> Result<T> {
        self.begin(operation).await;
        let (fault, gate) = {
            let mut state = self.state.lock().unwrap();
            let is_meant = state.only.is_none_or(|only| only == operation);
            let fault = match &mut state.fault {
                Some((fault, times)) if *times > 0 && is_meant => {
                    *times -= 1;
                    Some(*fault)
                }
                _ => None,
            };
            (fault, state.gate.clone().filter(|_| may_wait))
        };
        let unavailable = || StoreError::Unavailable { backend: "faulty", source: "as the test wants".into() };
        match fault {
            Some(Fault::Down) => return Err(unavailable()),
            Some(Fault::Full) => {
                return Err(StoreError::Refused { backend: "faulty", source: "the disk is full".into() });
            }
            Some(Fault::ReplyLost) | None => {}
        }
        let dies = {
            let mut state = self.state.lock().unwrap();
            let dies = state.dies.as_mut().map(|(left, applied)| {
                *left = left.saturating_sub(1);
                (*left == 0).then_some(*applied)
            });
            let dies = dies.flatten();
            state.is_dead = dies.is_some();
            dies
        };
        if dies == Some(false) {
            std::future::pending::<()>().await;
        }
        let written = write.await;
        if dies.is_some() {
            std::future::pending::<()>().await;
        }
        if let Some(gate) = gate {
            gate.acquire().await.unwrap().forget();
        }
        if fault == Some(Fault::ReplyLost) { Err(unavailable()) } else { written }
    }
}

#[async_trait]
impl StorageBackend for FaultyBackend {
    fn capabilities(&self) -> Capabilities {
        let inner = self.inner.capabilities();
        let state = self.state.lock().unwrap();
        Capabilities { max_part: state.max_part.unwrap_or(inner.max_part), shared: state.shared, ..inner }
    }

    async fn create(&self, new: &NewTask, now: Millis) -> Result<Create> {
        let created = self.write("create", self.inner.create(new, now), false).await;
        let gate = self.state.lock().unwrap().create_gate.clone();
        if let Some(gate) = gate {
            gate.acquire().await.unwrap().forget();
        }
        created
    }

    async fn get(&self, key: &TaskKey, parts: Parts, now: Millis) -> Result<Option<StoredTask>> {
        self.begin("get").await;
        self.inner.get(key, parts, now).await
    }

    async fn put(&self, key: &TaskKey, put: &Put, now: Millis) -> Result<Written> {
        let max = self.capabilities().max_part;
        if let Some(size) = put.step.as_ref().map(|(_, value)| value.len()).filter(|size| *size > max as usize) {
            return Err(StoreError::TooLarge { backend: "faulty", size: size as u64, max });
        }
        self.write("put", self.inner.put(key, put, now), true).await
    }

    async fn merge(&self, key: &TaskKey, merge: &Merge, now: Millis) -> Result<Merged> {
        self.write("merge", self.inner.merge(key, merge, now), true).await
    }

    async fn record(&self, key: &TaskKey, step: &Step, now: Millis) -> Result<Recorded> {
        self.write("record", self.inner.record(key, step, now), true).await
    }

    async fn delete(&self, key: &TaskKey) -> Result<bool> {
        self.write("delete", self.inner.delete(key), true).await
    }

    async fn page(&self, scope: &Scope, before: Option<&Position>, n: u16, now: Millis) -> Result<Page> {
        self.inner.page(scope, before, n, now).await
    }

    async fn claim(&self, from: &Holder, to: &WorkerId, n: u16, now: Millis) -> Result<Claim> {
        self.write("claim", self.inner.claim(from, to, n, now), true).await
    }

    async fn held(&self, by: &Holder, after: Option<&TaskKey>, n: u16) -> Result<Vec<TaskKey>> {
        self.begin("held").await;
        self.inner.held(by, after, n).await
    }

    async fn beat(&self, worker: &WorkerId, period: Duration, now: Millis) -> Result<Beat> {
        self.begin("beat").await;
        self.inner.beat(worker, period, now).await
    }

    async fn workers(&self) -> Result<Vec<Worker>> {
        self.begin("workers").await;
        self.inner.workers().await
    }

    async fn buried(&self) -> Result<Vec<WorkerId>> {
        self.begin("buried").await;
        self.inner.buried().await
    }

    async fn settle(&self, worker: &WorkerId) -> Result<()> {
        self.write("settle", self.inner.settle(worker), true).await
    }

    async fn bury(&self, worker: &WorkerId, seen: u64) -> Result<bool> {
        self.write("bury", self.inner.bury(worker, seen), true).await
    }

    async fn sweep(&self, n: u16, now: Millis) -> Result<u16> {
        self.begin("sweep").await;
        self.inner.sweep(n, now).await
    }

    fn feed(&self, me: &WorkerId) -> Option<Feed> {
        let mut state = self.state.lock().unwrap();
        let Some(feeds) = &mut state.feeds else { return self.inner.feed(me) };
        let (feed, hints) = mpsc::channel(16);
        feeds.push(feed);
        Some(Feed { hints, interest: mpsc::unbounded_channel().0 })
    }
}
