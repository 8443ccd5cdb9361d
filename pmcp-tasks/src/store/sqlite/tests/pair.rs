//! Two backends of one process on one file keep the contract together.

#![expect(clippy::allow_attributes, reason = "the suite is made for other crates, where nobody sees its attributes")]

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// Every operation goes to the other backend than the one before.
#[derive(Debug)]
struct Pair {
    backends: [SqliteBackend; 2],
    next: AtomicUsize,
}

impl Pair {
    async fn open(path: PathBuf) -> Self {
        Self { backends: [unsynced(&path).await, unsynced(&path).await], next: AtomicUsize::new(0) }
    }

    fn one(&self) -> &SqliteBackend {
        &self.backends[self.next.fetch_add(1, Ordering::Relaxed) % 2]
    }
}

#[async_trait]
impl StorageBackend for Pair {
    fn capabilities(&self) -> Capabilities {
        self.one().capabilities()
    }

    async fn create(&self, new: &NewTask, now: Millis) -> Result<Create> {
        self.one().create(new, now).await
    }

    async fn get(&self, key: &TaskKey, parts: Parts, now: Millis) -> Result<Option<StoredTask>> {
        self.one().get(key, parts, now).await
    }

    async fn put(&self, key: &TaskKey, put: &Put, now: Millis) -> Result<Written> {
        self.one().put(key, put, now).await
    }

    async fn merge(&self, key: &TaskKey, merge: &Merge, now: Millis) -> Result<Merged> {
        self.one().merge(key, merge, now).await
    }

    async fn record(&self, key: &TaskKey, step: &Step, now: Millis) -> Result<Recorded> {
        self.one().record(key, step, now).await
    }

    async fn delete(&self, key: &TaskKey) -> Result<bool> {
        self.one().delete(key).await
    }

    async fn page(&self, scope: &Scope, before: Option<&Position>, n: u16, now: Millis) -> Result<Page> {
        self.one().page(scope, before, n, now).await
    }

    async fn claim(&self, from: &Holder, to: &WorkerId, n: u16, now: Millis) -> Result<Claim> {
        self.one().claim(from, to, n, now).await
    }

    async fn held(&self, by: &Holder, after: Option<&TaskKey>, n: u16) -> Result<Vec<TaskKey>> {
        self.one().held(by, after, n).await
    }

    async fn beat(&self, worker: &WorkerId, period: Duration, now: Millis) -> Result<Beat> {
        self.one().beat(worker, period, now).await
    }

    async fn workers(&self) -> Result<Vec<Worker>> {
        self.one().workers().await
    }

    async fn bury(&self, worker: &WorkerId, seen: u64) -> Result<bool> {
        self.one().bury(worker, seen).await
    }

    async fn buried(&self) -> Result<Vec<WorkerId>> {
        self.one().buried().await
    }

    async fn settle(&self, worker: &WorkerId) -> Result<()> {
        self.one().settle(worker).await
    }

    async fn sweep(&self, n: u16, now: Millis) -> Result<u16> {
        self.one().sweep(n, now).await
    }

    fn feed(&self, me: &WorkerId) -> Option<Feed> {
        self.one().feed(me)
    }
}

// The directory goes with the test.
crate::storage_contract!(pair, Pair::open(Place::new().path()).await);

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, ..ProptestConfig::default() })]

    #[test]
    fn two_backends_agree_with_the_model(operations in model::operations(120)) {
        block_on(async { model::check(&Pair::open(Place::new().path()).await, &operations).await });
    }
}
