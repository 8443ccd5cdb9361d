//! Moments between two calls, kept open: a call waits at a proxy, or an item does not show yet, as the service shows those of one
//! transaction one after the other.

use std::sync::Arc;

use pmcp_tasks::{
    store::{
        DynamoDbBackend, StorageBackend,
        backend::{Create, Holder, NewTask, Parts, TaskKey},
    },
    testing::block_on,
};

use super::{
    proxy::Proxy,
    service,
    tasks::{NOW, PERIOD, TTL, later, task, worker},
};

#[test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
fn an_entry_of_the_queue_stays_until_its_task_shows() {
    block_on(async {
        let (table, prefix) = service::table();
        let store = DynamoDbBackend::connect(table.clone()).await.unwrap();
        store.create(&task(1), NOW).await.unwrap();
        let head = service::hide(&table, &service::partition(&prefix, &task(1).key), "0").await;
        assert!(store.claim(&Holder::Queue, &worker(1), 1, NOW).await.unwrap().taken().is_empty());
        assert_eq!(store.held(&Holder::Queue, None, 1).await.unwrap(), [task(1).key]);
        service::store(&table, head).await;
        assert_eq!(store.claim(&Holder::Queue, &worker(1), 1, NOW).await.unwrap().taken().len(), 1);
        // Of a task that has gone nothing stays.
        store.create(&task(2), NOW).await.unwrap();
        service::hide(&table, &service::partition(&prefix, &task(2).key), "0").await;
        assert!(store.claim(&Holder::Queue, &worker(1), 1, later(TTL)).await.unwrap().taken().is_empty());
        assert!(store.held(&Holder::Queue, None, 1).await.unwrap().is_empty());
    });
}

#[test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
fn an_idempotency_key_stands_for_one_task_though_that_does_not_show_yet() {
    block_on(async {
        let (table, prefix) = service::engine_table();
        let proxy = Proxy::before(&service::endpoint()).await;
        let store = Arc::new(DynamoDbBackend::connect(table.clone().endpoint(proxy.endpoint())).await.unwrap());
        let same = Some(([1; 32], [2; 32]));
        let (first, second) = (NewTask { idempotency: same, ..task(1) }, NewTask { idempotency: same, ..task(2) });
        store.create(&first, NOW).await.unwrap();
        let head = service::hide(&table, &service::partition(&prefix, &first.key), "0").await;
        // The first transaction is refused, as there is such a key; the second comes after a look at its task.
        let mut waiting = proxy.hold("TransactWriteItems", 1);
        let creating = tokio::spawn({
            let (store, second) = (store.clone(), second.clone());
            async move { store.create(&second, NOW).await.unwrap() }
        });
        waiting.reached().await;
        service::store(&table, head).await;
        waiting.release();
        assert_eq!(creating.await.unwrap(), Create::Same(first.key.id));
        assert_eq!(store.get(&second.key, Parts::empty(), NOW).await.unwrap(), None);
    });
}

#[test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
fn a_claim_that_breaks_off_tells_what_it_took() {
    block_on(async {
        let (table, _) = service::engine_table();
        let proxy = Proxy::before(&service::endpoint()).await;
        let store = DynamoDbBackend::connect(table.clone().endpoint(proxy.endpoint())).await.unwrap();
        let past = DynamoDbBackend::connect(table).await.unwrap();
        for n in 0..30 {
            past.create(&task(n), NOW).await.unwrap();
        }
        // Each takes three calls, eight tasks at a time.
        proxy.lose_after(2 + 40);
        let taken = store.claim(&Holder::Queue, &worker(1), 30, NOW).await.unwrap().taken();
        assert!((1..30).contains(&taken.len()), "{}", taken.len());
        let held = past.held(&Holder::Worker(worker(1)), None, 30).await.unwrap();
        let taken: Vec<TaskKey> = taken.into_iter().map(|task| task.key).collect();
        assert!(taken.iter().all(|key| held.contains(key)), "{taken:?} {held:?}");
    });
}

/// A look reads head and mark one after the other: the head may be stored and the worker be buried between.
#[test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
fn a_create_that_was_stored_before_the_burial_is_not_buried() {
    block_on(async {
        let (table, prefix) = service::engine_table();
        let proxy = Proxy::before(&service::endpoint()).await;
        let store = Arc::new(DynamoDbBackend::connect(table.clone().endpoint(proxy.endpoint())).await.unwrap());
        let new = NewTask { holder: Holder::Worker(worker(1)), ..task(1) };
        store.create(&new, NOW).await.unwrap();
        let pk = service::partition(&prefix, &new.key);
        let head = service::hide(&table, &pk, "0").await;
        service::hide(&table, &format!("{prefix}q#{}", new.key.owner), "0").await;
        store.beat(&worker(1), PERIOD, NOW).await.unwrap();
        assert!(store.bury(&worker(1), 1).await.unwrap());
        let mut waiting = proxy.hold("GetItem", 0);
        let mut creating = tokio::spawn({
            let (store, new) = (store.clone(), new.clone());
            async move { store.create(&new, NOW).await.unwrap() }
        });
        tokio::select! {
            () = waiting.reached() => {}
            answer = &mut creating => panic!("{:?} without a look at the head after the mark", answer.unwrap()),
        }
        service::store(&table, head).await;
        waiting.release();
        assert_eq!(creating.await.unwrap(), Create::Replayed);
        // Of what was not stored it is known that it never will be.
        let other = NewTask { holder: Holder::Worker(worker(1)), ..task(2) };
        assert_eq!(store.create(&other, NOW).await.unwrap(), Create::Buried);
    });
}
