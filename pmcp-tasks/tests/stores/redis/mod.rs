//! The store on Redis, on the oldest version of it that is supported, on Valkey, and on a cluster.

mod burials;
mod damage;
mod faults;
mod feed;
mod lifetimes;
mod mistakes;
mod own;
mod queue;
mod relay;
mod tls;

use std::{
    error::Error,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use pmcp_tasks::{
    storage_contract,
    store::{RedisBackend, StoreError},
    testing::{block_on, model},
};
use proptest::{strategy::Strategy as _, test_runner::TestRunner};

const SERVER: &str = "PMCP_TEST_REDIS_URL";
const OLDEST: &str = "PMCP_TEST_REDIS_OLDEST_URL";
const VALKEY: &str = "PMCP_TEST_VALKEY_URL";
const CLUSTER: &str = "PMCP_TEST_REDIS_CLUSTER_URL";

storage_contract!(server, fresh(SERVER).await, ignore = "needs redis-server: `cargo xtask services`");
storage_contract!(oldest, fresh(OLDEST).await, ignore = "needs an old redis-server: `cargo xtask services`");
storage_contract!(valkey, fresh(VALKEY).await, ignore = "needs valkey-server: `cargo xtask services`");
storage_contract!(cluster, fresh(CLUSTER).await, ignore = "needs a Redis cluster: `cargo xtask services`");

/// A prefix that no other test has.
fn prefix() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    format!("test-{time:x}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The URL of an empty store of one's own on a service.
fn url(service: &str) -> String {
    let server = std::env::var(service).unwrap_or_else(|_| panic!("{service} is not set: `cargo xtask services`"));
    format!("{server}?prefix={}", prefix())
}

async fn fresh(service: &str) -> RedisBackend {
    RedisBackend::connect(&url(service)).await.unwrap()
}

/// The error and its causes in words.
fn words(error: &StoreError) -> String {
    let mut words = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push(error.to_string());
        cause = error.source();
    }
    words.join(": ")
}

/// Repeats an operation while the store is away.
async fn until_done<T, F: Future<Output = Result<T, StoreError>>>(operation: impl Fn() -> F) -> T {
    let started = Instant::now();
    loop {
        match operation().await {
            Ok(done) => return done,
            Err(error) => {
                assert!(error.is_retryable() && started.elapsed() < Duration::from_secs(36), "{}", words(&error));
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Compares an empty store with the model, over so many sequences of operations.
fn agrees_with_the_model(service: &str, cases: usize) {
    let (sequences, mut runner) = (model::operations(150), TestRunner::default());
    for _ in 0..cases {
        let operations = sequences.new_tree(&mut runner).unwrap();
        let operations = proptest::strategy::ValueTree::current(&operations);
        let check = std::panic::AssertUnwindSafe(|| {
            block_on(async { model::check(&fresh(service).await, &operations).await });
        });
        if let Err(panic) = std::panic::catch_unwind(check) {
            eprintln!("{operations:#?}");
            std::panic::resume_unwind(panic);
        }
    }
}

#[test]
#[ignore = "needs redis-server: `cargo xtask services`"]
fn server_agrees_with_the_model() {
    agrees_with_the_model(SERVER, 60);
}

#[test]
#[ignore = "needs an old redis-server: `cargo xtask services`"]
fn oldest_agrees_with_the_model() {
    agrees_with_the_model(OLDEST, 20);
}

#[test]
#[ignore = "needs valkey-server: `cargo xtask services`"]
fn valkey_agrees_with_the_model() {
    agrees_with_the_model(VALKEY, 20);
}

#[test]
#[ignore = "needs a Redis cluster: `cargo xtask services`"]
fn cluster_agrees_with_the_model() {
    agrees_with_the_model(CLUSTER, 20);
}
