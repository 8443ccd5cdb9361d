//! Many that have expired and were not removed: nobody waits for them, and nothing counts them.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use aws_sdk_dynamodb::types::AttributeValue;
use pmcp_tasks::{
    store::{
        DynamoDbBackend, StorageBackend,
        backend::{Create, NewTask, Parts, Written},
    },
    testing::block_on,
};

use super::{
    proxy::Proxy,
    service,
    tasks::{NOW, TTL, later, seal, task},
};

const HOUR: u64 = 3_600_000;

type Item = HashMap<String, AttributeValue>;

/// As many copies of an entry as of others that came before it in their set and have expired.
fn copies(entry: &Item, count: u32, sk: impl Fn(u32) -> String) -> Vec<Item> {
    let copy = |n| {
        let mut copy = entry.clone();
        copy.insert("sk".into(), AttributeValue::S(sk(n)));
        copy.insert("expires".into(), AttributeValue::N((NOW.0 - 2 * HOUR).to_string()));
        copy
    };
    (0..count).map(copy).collect()
}

#[test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
fn room_is_made_past_thousands_of_expired_tasks() {
    block_on(async {
        let (table, prefix) = service::table();
        let store = DynamoDbBackend::connect(table.clone()).await.unwrap();
        for n in [1, 2] {
            store.create(&task(n), NOW).await.unwrap();
            store.put(&task(n).key, &seal(1, "outcome"), later(u64::from(n))).await.unwrap();
        }
        let sealed = format!("{prefix}f#");
        let entry = service::items(&table, &sealed).await.pop().unwrap();
        service::store_all(&table, copies(&entry, 3000, |n| format!("{:016x}#{n:032x}", NOW.0 - 3 * HOUR))).await;
        let began = Instant::now();
        let new = NewTask { max_bytes: task(3).bytes() + task(1).bytes() + 100, ..task(3) };
        assert_eq!(store.create(&new, NOW).await.unwrap(), Create::Created);
        assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
        // The one that was sealed first went, and no more than it takes.
        assert_eq!(store.get(&task(1).key, Parts::empty(), NOW).await.unwrap(), None);
        assert!(store.get(&task(2).key, Parts::empty(), NOW).await.unwrap().is_some());
        // Nobody passes them again.
        let left = service::items(&table, &sealed).await.len();
        assert!(left <= 501, "{left}");
        // An end makes room past them as well.
        service::store_all(&table, copies(&entry, 1500, |n| format!("{:016x}#{n:032x}", NOW.0 - 3 * HOUR))).await;
        let began = Instant::now();
        let end = store.put(&new.key, &seal(1, "x".repeat(5000)), NOW).await.unwrap();
        assert!(matches!(end, Written::Done { .. }), "{end:?}");
        assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
        assert_eq!(store.get(&task(2).key, Parts::empty(), NOW).await.unwrap(), None);
    });
}

/// By a clock that is ahead all have expired, by another one they end: what was not removed from the ledger is counted until then.
#[test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
fn a_quota_holds_though_clocks_differ_about_many_tasks() {
    block_on(async {
        let store = service::backend().await;
        for n in 0..150 {
            store.create(&task(n), NOW).await.unwrap();
        }
        let ahead = later(2 * TTL);
        let only = |n| NewTask { quota: 1, expires: later(4 * TTL), ..task(n) };
        assert_eq!(store.create(&only(200), ahead).await.unwrap(), Create::Created);
        for n in 0..150 {
            assert!(store.delete(&task(n).key).await.unwrap());
        }
        assert_eq!(store.create(&only(201), ahead).await.unwrap(), Create::Full);
    });
}

#[test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
fn an_owner_has_tasks_that_expire_in_many_hours() {
    block_on(async {
        let store = service::backend().await;
        for n in 0..200_u32 {
            let new = NewTask { expires: later(u64::from(n + 1) * HOUR), ..task(n) };
            store.create(&new, NOW).await.unwrap();
            store.put(&new.key, &seal(1, "outcome"), later(u64::from(n))).await.unwrap();
        }
        let first = task(0).bytes() + 7;
        let new = NewTask { max_bytes: 199 * first + task(300).bytes(), ..task(300) };
        assert_eq!(store.create(&new, NOW).await.unwrap(), Create::Created);
        assert_eq!(store.get(&task(0).key, Parts::empty(), NOW).await.unwrap(), None);
    });
}

#[test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
fn a_page_passes_expired_tasks_in_a_few_calls() {
    block_on(async {
        let (table, prefix) = service::engine_table();
        let proxy = Proxy::before(&service::endpoint()).await;
        let store = DynamoDbBackend::connect(table.clone().endpoint(proxy.endpoint())).await.unwrap();
        for n in [1, 2] {
            store.create(&task(n), NOW).await.unwrap();
        }
        let entry = service::items(&table, &format!("{prefix}l#")).await.pop().unwrap();
        // Newer than those that are there.
        let newer = copies(&entry, 2000, |n| format!("{:016x}#{n:032x}", u64::MAX - u64::from(n)));
        service::store_all(&table, newer).await;
        let before = proxy.calls();
        let page = store.page(&task(1).scope.unwrap(), None, 1, NOW).await.unwrap();
        assert_eq!(page.tasks.len(), 1);
        assert_eq!(page.tasks[0].0, task(2).key);
        assert!(proxy.calls() - before <= 10, "{}", proxy.calls() - before);
        let page = store.page(&task(1).scope.unwrap(), page.next.as_ref(), 1, NOW).await.unwrap();
        assert_eq!((page.tasks[0].0.clone(), page.next), (task(1).key, None));
    });
}
