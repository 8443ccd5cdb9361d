//! Records that cannot be read keep nobody from the others.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use pmcp_tasks::{
    store::{
        DynamoDbBackend, DynamoDbTable, StorageBackend,
        backend::{Claim, Create, Holder, NewTask, Parts},
    },
    testing::block_on,
};

use super::{
    service,
    tasks::{NOW, PERIOD, merge, put, seal, set, task, worker},
};

/// Stores an item that no build writes.
async fn corrupt(table: &DynamoDbTable, pk: &str, sk: &str) {
    let item = [("pk", pk), ("sk", sk), ("counter", "none"), ("expires", "never")];
    let item = item.map(|(name, text)| (name.to_owned(), AttributeValue::S(text.to_owned())));
    service::store(table, HashMap::from(item)).await;
}

#[test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
fn claims_and_sets_of_holders_pass_entries_that_cannot_be_read() {
    block_on(async {
        let (table, prefix) = service::table();
        let store = DynamoDbBackend::connect(table.clone()).await.unwrap();
        for n in 1..=4 {
            store.create(&task(n), NOW).await.unwrap();
        }
        service::spoil(&table, &prefix, &task(2).key).await;
        // Its head can be read, its variables cannot.
        store.merge(&task(3).key, &merge(vec![set("a", "1")]), NOW).await.unwrap();
        let mut variables = service::hide(&table, &service::partition(&prefix, &task(3).key), "1").await;
        variables.remove("v");
        service::store(&table, variables).await;
        for sk in ["!", "zzz"] {
            corrupt(&table, &format!("{prefix}h#queue"), sk).await;
        }
        let keys = [1, 2, 3, 4].map(|n| task(n).key);
        assert_eq!(store.held(&Holder::Queue, None, 4).await.unwrap(), keys);
        assert_eq!(store.held(&Holder::Queue, None, 1).await.unwrap(), keys[..1]);
        let Claim::Taken(taken) = store.claim(&Holder::Queue, &worker(1), 10, NOW).await.unwrap() else { panic!() };
        let mut taken: Vec<_> = taken.into_iter().map(|task| task.key).collect();
        taken.sort();
        assert_eq!(taken, [task(1).key, task(4).key]);
    });
}

#[test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
fn workers_are_known_beside_records_that_cannot_be_read() {
    block_on(async {
        let (table, prefix) = service::table();
        let store = DynamoDbBackend::connect(table.clone()).await.unwrap();
        for n in [1, 2] {
            store.beat(&worker(n), PERIOD, NOW).await.unwrap();
        }
        for sk in ["no worker", &format!("{:032x}", 99)] {
            corrupt(&table, &format!("{prefix}w"), sk).await;
        }
        let workers = store.workers().await.unwrap();
        assert_eq!(workers.iter().map(|worker| worker.id).collect::<Vec<_>>(), [worker(1), worker(2)]);
        assert!(store.bury(&worker(1), 1).await.unwrap());
        assert_eq!(store.buried().await.unwrap(), [worker(1)]);
    });
}

#[test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
fn lists_pass_entries_that_cannot_be_read() {
    block_on(async {
        let (table, prefix) = service::table();
        let store = DynamoDbBackend::connect(table.clone()).await.unwrap();
        for n in [1, 2] {
            store.create(&task(n), NOW).await.unwrap();
        }
        let scope = task(1).scope.unwrap();
        for sk in ["~", "no place"] {
            corrupt(&table, &format!("{prefix}l#{}", scope.0), sk).await;
        }
        for n in [1, 2, 10] {
            let page = store.page(&scope, None, n, NOW).await.unwrap();
            assert_eq!((page.tasks.len(), page.next.is_some()), (usize::from(n.min(2)), n == 1));
        }
    });
}

#[test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
fn room_is_made_beside_records_that_cannot_be_read() {
    block_on(async {
        let (table, prefix) = service::table();
        let store = DynamoDbBackend::connect(table.clone()).await.unwrap();
        for n in 1..=3 {
            store.create(&task(n), NOW).await.unwrap();
        }
        service::spoil(&table, &prefix, &task(1).key).await;
        store.put(&task(2).key, &seal(1, "outcome"), NOW).await.unwrap();
        corrupt(&table, &format!("{prefix}f#{}", task(1).key.owner), "0").await;
        // What is reserved for the one that cannot be read, another open one, and itself.
        let new = NewTask { max_bytes: 43_000, body: vec![b'7'; 2000].into(), ..task(4) };
        assert_eq!(store.create(&new, NOW).await.unwrap(), Create::Created);
        assert_eq!(store.get(&task(2).key, Parts::empty(), NOW).await.unwrap(), None);
    });
}

#[test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
fn the_feed_goes_on_beside_a_task_that_cannot_be_read() {
    block_on(async {
        let (table, prefix) = service::table();
        let store = DynamoDbBackend::connect(table.clone()).await.unwrap();
        let there = DynamoDbBackend::connect(table.clone()).await.unwrap();
        for n in [1, 2] {
            store.create(&task(n), NOW).await.unwrap();
        }
        service::spoil(&table, &prefix, &task(1).key).await;
        let mut feed = store.feed(&worker(1)).unwrap();
        for n in [1, 2] {
            feed.interest.send((task(n).key, true)).unwrap();
        }
        let mut next = async || tokio::time::timeout(Duration::from_secs(5), feed.hints.recv()).await.unwrap().unwrap();
        // Both are told of at first: who waits for the one that cannot be read learns that from the store.
        let mut first = [next().await, next().await];
        first.sort();
        assert_eq!(first, [1, 2].map(|n| task(n).key));
        there.put(&task(2).key, &put(1), NOW).await.unwrap();
        assert_eq!(next().await, task(2).key);
    });
}
