//! Tasks on PostgreSQL: the oldest version, the newest, and one behind PgBouncer.

#![expect(clippy::future_not_send, clippy::unwrap_used, reason = "a test waits where it runs, and fails by panicking")]

mod calls;
mod faults;
mod feed;
mod link;
mod outage;
mod rights;
mod room;
mod server;
mod sweep;
mod tls;

use std::{
    collections::BTreeMap,
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};

use bytes::Bytes;
use pmcp_tasks::{
    storage_contract,
    store::{
        PostgresBackend, StorageBackend,
        backend::{
            FieldOp, Guard, Holder, HolderChange, Merge, NewTask, Parts, Put, Scope, Stamp, Step, StoredTask, TaskKey,
            WorkerId, WriteId,
        },
    },
    task::{Owner, OwnerKind, TaskId},
    testing::{block_on, model},
    time::Millis,
};
use proptest::prelude::*;

const NEWEST: &str = "PMCP_TEST_POSTGRES_URL";
const OLDEST: &str = "PMCP_TEST_POSTGRES_OLDEST_URL";
const POOLER: &str = "PMCP_TEST_POSTGRES_POOLER_URL";
/// One that no other test uses, which may be crashed.
const CRASHING: &str = "PMCP_TEST_POSTGRES_CRASHING_URL";

storage_contract!(newest, connect(NEWEST).await, ignore = "needs PostgreSQL: `cargo xtask services`");
storage_contract!(oldest, connect(OLDEST).await, ignore = "needs an old PostgreSQL: `cargo xtask services`");
storage_contract!(pooled, connect(POOLER).await, ignore = "needs PostgreSQL behind PgBouncer: `cargo xtask services`");

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    #[ignore = "needs PostgreSQL: `cargo xtask services`"]
    fn the_newest_agrees_with_the_model(operations in model::operations(120)) {
        block_on(async { model::check(&connect(NEWEST).await, &operations).await });
    }

    #[test]
    #[ignore = "needs an old PostgreSQL: `cargo xtask services`"]
    fn the_oldest_agrees_with_the_model(operations in model::operations(120)) {
        block_on(async { model::check(&connect(OLDEST).await, &operations).await });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 50, ..ProptestConfig::default() })]

    #[test]
    #[ignore = "needs PostgreSQL behind PgBouncer: `cargo xtask services`"]
    fn a_pooled_one_agrees_with_the_model(operations in model::operations(120)) {
        block_on(async { model::check(&connect(POOLER).await, &operations).await });
    }
}

/// An empty store of its own on the service of this name.
async fn connect(service: &str) -> PostgresBackend {
    open(&url(service, &fresh())).await
}

async fn open(url: &str) -> PostgresBackend {
    PostgresBackend::connect(url).await.unwrap()
}

/// The name of a schema that nobody has.
fn fresh() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    static BEGUN: LazyLock<u128> = LazyLock::new(|| UNIX_EPOCH.elapsed().unwrap().as_micros());
    format!("t_{}_{}", *BEGUN, NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The URL of a schema on the service of this name.
fn url(service: &str, schema: &str) -> String {
    format!("{}?schema={schema}", server(service))
}

fn server(service: &str) -> String {
    std::env::var(service).unwrap_or_else(|_| panic!("{service} is not set: run `cargo xtask services`"))
}

/// A connection of a test's own, which ends with the runtime.
async fn raw(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(async move {
        // It may be cut.
        let _ = connection.await;
    });
    client
}

const NOW: Millis = Millis(1_764_028_800_000);
/// Lifetime of a task, in milliseconds.
const TTL: u64 = 3_600_000;
const PERIOD: Duration = Duration::from_secs(4);
/// Far longer than anything takes that is waited for.
const LONG: Duration = Duration::from_secs(30);

fn worker(n: u8) -> WorkerId {
    WorkerId(u128::MAX - u128::from(n))
}

fn write() -> WriteId {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    WriteId(u128::from(NEXT.fetch_add(1, Ordering::Relaxed)))
}

/// Task `n` of an owner, held by worker 0.
fn task_of(whose: u32, n: u32) -> NewTask {
    let owner = Owner::new(OwnerKind::Subject, "https://issuer.example", whose.to_string()).key();
    let mut id = [0x5a; 16];
    id[..4].copy_from_slice(&n.to_be_bytes());
    NewTask {
        key: TaskKey { owner, id: TaskId::from_random(id) },
        scope: Some(Scope(owner)),
        stamp: Stamp((NOW.0 << 20) + u64::from(n)),
        expires: Millis(NOW.0 + TTL),
        quota: 1000,
        max_bytes: u64::MAX,
        holder: Holder::Worker(worker(0)),
        head: Bytes::from_static(b"head"),
        body: Bytes::from_static(b"body"),
        idempotency: None,
        write: write(),
    }
}

fn task(n: u32) -> NewTask {
    task_of(0, n)
}

fn put(version: u64) -> Put {
    Put {
        version,
        fence: None,
        head: Bytes::from(format!("after {version}")),
        outcome: None,
        step: None,
        open: true,
        holder: HolderChange::Keep,
        write: write(),
    }
}

fn seal(version: u64) -> Put {
    Put { outcome: Some(Bytes::from_static(b"outcome")), open: false, holder: HolderChange::Release, ..put(version) }
}

fn merge(field: &str, value: impl Into<Bytes>) -> Merge {
    let ops = vec![(field.into(), FieldOp::Set(value.into()))];
    Merge { guard: Guard::Open, ops, max_bytes: 1 << 20, write: write() }
}

fn step(name: &str, value: &'static str) -> Step {
    Step {
        fence: 1,
        name: name.to_owned(),
        value: Bytes::from_static(value.as_bytes()),
        changes: Vec::new(),
        max_bytes: 1 << 20,
        write: write(),
    }
}

async fn read(backend: &dyn StorageBackend, key: &TaskKey) -> Option<StoredTask> {
    backend.get(key, Parts::all(), NOW).await.unwrap()
}

async fn variables(backend: &dyn StorageBackend, key: &TaskKey) -> BTreeMap<String, Bytes> {
    let variables = read(backend, key).await.unwrap().variables.unwrap();
    variables.into_iter().map(|(name, value)| (name.to_string(), value)).collect()
}

/// Does something again, with the same write, while the store is away.
async fn insist<T, F: Future<Output = Result<T, pmcp_tasks::store::StoreError>>>(
    mut operation: impl FnMut() -> F,
) -> T {
    let begun = std::time::Instant::now();
    loop {
        match operation().await {
            Ok(done) => return done,
            Err(error) => assert!(error.is_retryable() && begun.elapsed() < LONG, "{error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
