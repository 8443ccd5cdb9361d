//! Sizes that the service has, and what is written about them where nobody looks.

use bytes::Bytes;
use pmcp_tasks::{
    store::{
        DynamoDbBackend, StorageBackend, StoreError,
        backend::{Create, Guard, Merge, Merged, NewTask, Parts, Put, Recorded, Written},
    },
    testing::block_on,
};

use super::{
    service,
    tasks::{NOW, TTL, later, merge, put, seal, set, step, task},
};

fn bytes(length: usize) -> Bytes {
    Bytes::from(vec![b'7'; length])
}

#[test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
fn every_part_may_have_the_size_that_is_told() {
    block_on(async {
        let store = service::backend().await;
        let largest = bytes(usize::try_from(store.capabilities().max_part).unwrap());
        let new = NewTask { head: largest.clone(), body: largest.clone(), ..task(1) };
        assert_eq!(store.create(&new, NOW).await.unwrap(), Create::Created);
        let key = &new.key;
        for n in 0..20 {
            let written = store.put(key, &Put { head: largest.clone(), ..put(n + 1) }, NOW).await.unwrap();
            assert!(matches!(written, Written::Done { .. }), "{written:?}");
        }
        for name in ["", "fetch", &"long ".repeat(1000)] {
            assert_eq!(store.record(key, &step(name, largest.clone()), NOW).await.unwrap(), Recorded::Recorded);
        }
        let variables = merge(vec![set("a", bytes((350 << 10) - 1))]);
        assert_eq!(store.merge(key, &variables, NOW).await.unwrap(), Merged::Done);
        let end = Put { head: largest.clone(), ..seal(21, largest.clone()) };
        assert!(matches!(store.put(key, &end, NOW).await.unwrap(), Written::Done { .. }));
        let stored = store.get(key, Parts::all(), NOW).await.unwrap().unwrap();
        assert!(stored.head == largest && stored.body == Some(largest.clone()) && stored.outcome == Some(largest));
        assert_eq!((stored.steps.unwrap().len(), stored.variables.unwrap()["a"].len()), (3, (350 << 10) - 1));
        assert!(store.delete(key).await.unwrap());
    });
}

#[test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
fn variables_that_no_item_holds_are_refused_before() {
    block_on(async {
        let store = service::backend().await;
        let key = task(1).key;
        store.create(&task(1), NOW).await.unwrap();
        let half = (350 << 10) / 2;
        assert_eq!(store.merge(&key, &merge(vec![set("a", bytes(half - 1))]), NOW).await.unwrap(), Merged::Done);
        for more in [half, half + 1000] {
            let error = store.merge(&key, &merge(vec![set("b", bytes(more))]), NOW).await.unwrap_err();
            assert!(matches!(error, StoreError::TooLarge { max: 358_400, .. }), "{error}");
        }
        assert_eq!(store.merge(&key, &merge(vec![set("b", bytes(half - 1))]), NOW).await.unwrap(), Merged::Done);
        // What is replaced does not count.
        for _ in 0..4 {
            assert_eq!(store.merge(&key, &merge(vec![set("a", bytes(half - 1))]), NOW).await.unwrap(), Merged::Done);
        }
        // Each of many small ones takes more than its bytes.
        store.create(&task(2), NOW).await.unwrap();
        let (mut count, mut n) = (0, 0);
        let error = loop {
            let fields = (0..5000).map(|field| set(&format!("{}", n * 5000 + field), "")).collect();
            match store.merge(&task(2).key, &merge(fields), NOW).await {
                Ok(merged) => assert_eq!(merged, Merged::Done),
                Err(error) => break error,
            }
            (count, n) = (count + 5000, n + 1);
        };
        assert_eq!(error.code(), "too_large");
        let stored = store.get(&task(2).key, Parts::VARIABLES, NOW).await.unwrap().unwrap();
        assert_eq!(stored.variables.unwrap().len(), count);
        assert!(count >= 20_000, "{count}");
    });
}

#[test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
fn many_changes_are_one_merge() {
    block_on(async {
        let store = service::backend().await;
        let key = task(1).key;
        store.create(&task(1), NOW).await.unwrap();
        for n in [1, 60, 61, 300] {
            let fields: Vec<_> = (0..n).map(|field| set(&format!("f{field}"), format!("{n}"))).collect();
            let many = merge(fields);
            assert_eq!(store.merge(&key, &many, NOW).await.unwrap(), Merged::Done);
            assert_eq!(store.merge(&key, &many, NOW).await.unwrap(), Merged::Replayed);
            let stored = store.get(&key, Parts::VARIABLES, NOW).await.unwrap().unwrap();
            assert_eq!(
                (stored.variables.as_ref().unwrap().len(), &stored.variables.unwrap()["f0"][..]),
                (n, n.to_string().as_bytes())
            );
        }
    });
}

/// What grows beyond what was counted for it at first is counted, exactly, and nothing of it leaks.
#[test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
fn what_grows_is_counted() {
    block_on(async {
        let store = service::backend().await;
        let (first, key) = (task(1), task(1).key);
        store.create(&first, NOW).await.unwrap();
        let mut taken = first.bytes();
        for n in 0..10_usize {
            let name = format!("step{n}");
            assert_eq!(store.record(&key, &step(&name, bytes(9000)), NOW).await.unwrap(), Recorded::Recorded);
            let field = format!("v{n}");
            assert_eq!(store.merge(&key, &merge(vec![set(&field, bytes(9000))]), NOW).await.unwrap(), Merged::Done);
            taken += (name.len() + field.len() + 18_000) as u64;
        }
        let head = Put { head: bytes(30_000), ..put(1) };
        store.put(&key, &head, NOW).await.unwrap();
        taken = taken - first.head.len() as u64 + 30_000;
        let probe = |n, others: u64| {
            let new = task(n);
            NewTask { max_bytes: others + new.bytes(), ..new }
        };
        assert_eq!(store.create(&probe(2, taken - 1), NOW).await.unwrap(), Create::NoRoom);
        assert_eq!(store.create(&probe(3, taken), NOW).await.unwrap(), Create::Created);
        assert!(store.delete(&task(3).key).await.unwrap());
        store.put(&key, &Put { head: bytes(30_000), ..seal(2, bytes(5000)) }, NOW).await.unwrap();
        taken += 5000;
        assert_eq!(store.create(&probe(4, taken), NOW).await.unwrap(), Create::Created);
        assert!(store.delete(&task(4).key).await.unwrap());
        assert!(store.get(&key, Parts::empty(), NOW).await.unwrap().is_some());
        assert_eq!(store.create(&probe(5, taken - 1), NOW).await.unwrap(), Create::Created);
        assert_eq!(store.get(&key, Parts::empty(), NOW).await.unwrap(), None);
    });
}

/// More tasks make room than one transaction removes.
#[test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
fn a_hundred_tasks_make_room_for_one() {
    block_on(async {
        let store = service::backend().await;
        for n in 0..100 {
            store.create(&task(n), NOW).await.unwrap();
            store.put(&task(n).key, &seal(1, "outcome"), later(u64::from(n))).await.unwrap();
        }
        let large = NewTask { body: bytes(300_000), ..task(200) };
        let large = NewTask { max_bytes: large.bytes() + 5000, ..large };
        assert_eq!(store.create(&large, NOW).await.unwrap(), Create::Created);
        let page = store.page(&large.scope.unwrap(), None, 200, NOW).await.unwrap();
        let left: Vec<_> = page.tasks.iter().map(|(key, _)| key.clone()).collect();
        assert_eq!(left[1..], [99, 98, 97, 96].map(|n| task(n).key));
    });
}

/// Everything but the ledger of owners and the layout is about something that ends, and goes then.
#[test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
fn everything_expires_by_the_clock_of_the_service() {
    block_on(async {
        let (table, prefix) = service::table();
        let store = DynamoDbBackend::connect(table.clone()).await.unwrap();
        let new = NewTask { idempotency: Some(([1; 32], [2; 32])), ..task(1) };
        store.create(&new, NOW).await.unwrap();
        store.merge(&new.key, &merge(vec![set("a", "1")]), NOW).await.unwrap();
        store.record(&new.key, &step("fetch", "1"), NOW).await.unwrap();
        store.put(&new.key, &seal(1, bytes(5000)), NOW).await.unwrap();
        store.create(&task(2), NOW).await.unwrap();
        let items = service::items(&table, &prefix).await;
        assert_eq!(items.len(), 14, "{items:#?}");
        let wall = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        for item in items {
            let pk = item["pk"].as_s().unwrap().strip_prefix(&prefix).unwrap();
            if pk == "meta" {
                assert!(!item.contains_key("ttl"));
                continue;
            }
            let ttl: u64 = item["ttl"].as_n().unwrap().parse().unwrap();
            let left = TTL / 1000 + 3600 + if pk.starts_with("q#") { 30 * 24 * 3600 } else { 0 };
            assert!((wall + left - 60..=wall + left).contains(&ttl), "{pk}: {ttl} at {wall}");
        }
        for n in [1, 2] {
            assert!(store.delete(&task(n).key).await.unwrap());
        }
        let left = service::items(&table, &prefix).await;
        assert_eq!(left.len(), 2, "{left:#?}");
    });
}

#[test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
fn stores_of_one_table_are_apart() {
    block_on(async {
        let (a, b) = (service::backend().await, service::backend().await);
        a.create(&task(1), NOW).await.unwrap();
        assert_eq!(b.get(&task(1).key, Parts::all(), NOW).await.unwrap(), None);
        assert_eq!(b.create(&NewTask { quota: 1, ..task(1) }, NOW).await.unwrap(), Create::Created);
        assert!(a.delete(&task(1).key).await.unwrap());
        assert!(b.get(&task(1).key, Parts::all(), NOW).await.unwrap().is_some());
    });
}

#[test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
fn two_instances_keep_one_quota() {
    block_on(async {
        let (table, _) = service::table();
        let mut creating = Vec::new();
        for n in 0..4 {
            let store = std::sync::Arc::new(DynamoDbBackend::connect(table.clone()).await.unwrap());
            creating.extend((0..10).map(|m| {
                let (store, new) = (store.clone(), NewTask { quota: 7, ..task(n * 10 + m) });
                tokio::spawn(async move { store.create(&new, NOW).await.unwrap() })
            }));
        }
        let mut created = 0;
        for answer in creating {
            match answer.await.unwrap() {
                Create::Created => created += 1,
                answer => assert_eq!(answer, Create::Full),
            }
        }
        assert_eq!(created, 7);
    });
}

#[test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
fn instances_merge_into_one_task() {
    block_on(async {
        let (table, _) = service::table();
        let first = DynamoDbBackend::connect(table.clone()).await.unwrap();
        first.create(&task(1), NOW).await.unwrap();
        let mut merging = Vec::new();
        for n in 0..4 {
            let store = std::sync::Arc::new(DynamoDbBackend::connect(table.clone()).await.unwrap());
            merging.extend((0..40).map(|m| {
                let store = store.clone();
                let merge = Merge { guard: Guard::Fence(1), ..merge(vec![set(&format!("{n}-{m}"), bytes(500))]) };
                tokio::spawn(async move { store.merge(&task(1).key, &merge, NOW).await.unwrap() })
            }));
        }
        for merged in merging {
            assert_eq!(merged.await.unwrap(), Merged::Done);
        }
        let stored = first.get(&task(1).key, Parts::VARIABLES, NOW).await.unwrap().unwrap();
        assert_eq!(stored.variables.unwrap().len(), 160);
    });
}
