//! A service that cannot be reached, whose answers are lost, or that refuses.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use pmcp_tasks::{
    TaskStore,
    store::{
        DynamoDbBackend, DynamoDbTable, StorageBackend, StoreError,
        backend::{Beat, Claim, Create, FieldOp, Guard, Holder, Merge, Merged, NewTask, Parts, Recorded, Written},
    },
    testing::block_on,
};

use super::{
    proxy::{Mode, Proxy},
    service,
    tasks::{NOW, PERIOD, later, merge, put, seal, set, step, task, worker},
};

/// A store behind a proxy, and the same store past it.
async fn behind() -> (Proxy, DynamoDbBackend, DynamoDbBackend) {
    let (table, _) = service::engine_table();
    let proxy = Proxy::before(&service::endpoint()).await;
    let proxied = DynamoDbBackend::connect(table.clone().endpoint(proxy.endpoint())).await.unwrap();
    (proxy, proxied, DynamoDbBackend::connect(table).await.unwrap())
}

#[track_caller]
fn assert_away<T: std::fmt::Debug>(answer: &Result<T, StoreError>) {
    assert!(matches!(answer, Err(error) if error.is_retryable()), "{answer:?}");
}

#[test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
fn writes_whose_answers_were_lost_are_recognised() {
    block_on(async {
        let (proxy, store, _) = behind().await;
        let (new, key) = (task(1), task(1).key);
        proxy.set(Mode::LoseAnswers);
        let away = store.create(&new, NOW).await;
        assert_away(&away);
        let cause = std::error::Error::source(&away.unwrap_err()).unwrap().to_string();
        assert!(cause.contains("no connection to the service, or it was cut"), "{cause}");
        proxy.set(Mode::Pass);
        assert_eq!(store.create(&new, NOW).await.unwrap(), Create::Replayed);

        let add = Merge {
            guard: Guard::Fence(1),
            ..merge(vec![("n".into(), FieldOp::SetIf { was: None, value: "1".into() })])
        };
        let add_again = Merge {
            guard: Guard::Fence(1),
            ..merge(vec![("n".into(), FieldOp::SetIf { was: Some("1".into()), value: "2".into() })])
        };
        // Nothing was sent before it was known that there are no variables.
        for (add, merged) in [(add, Merged::Done), (add_again, Merged::Replayed)] {
            proxy.set(Mode::LoseAnswers);
            assert_away(&store.merge(&key, &add, NOW).await);
            proxy.set(Mode::Pass);
            assert_eq!(store.merge(&key, &add, NOW).await.unwrap(), merged);
            assert_eq!(store.merge(&key, &add, NOW).await.unwrap(), Merged::Replayed);
        }

        let fetched = step("fetch", "1");
        proxy.set(Mode::LoseAnswers);
        assert_away(&store.record(&key, &fetched, NOW).await);
        proxy.set(Mode::Pass);
        // Nothing was sent before the head was read.
        let recorded = store.record(&key, &fetched, NOW).await.unwrap();
        assert!(matches!(recorded, Recorded::Recorded | Recorded::Exists(_)), "{recorded:?}");

        let progress = put(1);
        proxy.set(Mode::LoseAnswers);
        assert_away(&store.put(&key, &progress, NOW).await);
        proxy.set(Mode::Pass);
        let written = store.put(&key, &progress, NOW).await.unwrap();
        assert!(matches!(written, Written::Replayed(_)), "{written:?}");

        let end = seal(2, "outcome");
        proxy.set(Mode::LoseAnswers);
        assert_away(&store.put(&key, &end, NOW).await);
        proxy.set(Mode::Pass);
        let written = store.put(&key, &end, NOW).await.unwrap();
        assert!(matches!(written, Written::Replayed(_) | Written::Done { version: 3, .. }), "{written:?}");

        let stored = store.get(&key, Parts::all(), NOW).await.unwrap().unwrap();
        assert_eq!((stored.version, stored.open), (3, false));
        assert_eq!(stored.variables.unwrap()["n"], "2");
        assert_eq!(stored.steps.unwrap().len(), 1);
    });
}

/// One answer of each operation is lost, at each of its calls: nobody notices, and nothing is done twice.
#[test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
fn one_lost_answer_is_not_noticed() {
    block_on(async {
        let (proxy, store, past) = behind().await;
        for (n, lost) in [(1, 1), (2, 2), (3, 1)] {
            let (mut new, key) = (task(n), task(n).key);
            new.quota = n;
            proxy.lose(lost);
            let created = store.create(&new, NOW).await.unwrap();
            assert!(matches!(created, Create::Created | Create::Replayed), "{created:?}");
            proxy.lose(lost);
            let merged = store.merge(&key, &merge(vec![set("a", "1")]), NOW).await.unwrap();
            assert!(matches!(merged, Merged::Done | Merged::Replayed), "{merged:?}");
            proxy.lose(lost);
            let recorded = store.record(&key, &step("fetch", "1"), NOW).await.unwrap();
            assert!(matches!(recorded, Recorded::Recorded | Recorded::Exists(_)), "{recorded:?}");
            proxy.lose(lost);
            let written = store.put(&key, &put(1), NOW).await.unwrap();
            assert!(matches!(written, Written::Done { version: 2, .. } | Written::Replayed(_)), "{written:?}");
            proxy.lose(lost);
            let claim = store.claim(&Holder::Queue, &worker(0), 1, NOW).await.unwrap();
            proxy.set(Mode::Pass);
            assert!(claim.taken().len() <= 1);
            assert_eq!(past.held(&Holder::Worker(worker(0)), None, 10).await.unwrap().len(), n as usize);
            let stored = past.get(&key, Parts::all(), NOW).await.unwrap().unwrap();
            assert_eq!((stored.version, stored.fence, stored.steps.unwrap().len()), (3, 2, 1));
        }
        let refused = NewTask { quota: 3, ..task(9) };
        assert_eq!(store.create(&refused, NOW).await.unwrap(), Create::Full);
    });
}

#[test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
fn a_silent_service_is_given_up_in_seconds() {
    block_on(async {
        let (proxy, store, _) = behind().await;
        let store = Arc::new(store);
        store.create(&task(1), NOW).await.unwrap();
        proxy.set(Mode::Hang);
        let began = Instant::now();
        let reading = tokio::spawn({
            let store = store.clone();
            async move { store.get(&task(1).key, Parts::all(), NOW).await }
        });
        let beating = tokio::spawn({
            let store = store.clone();
            async move { store.beat(&worker(1), PERIOD, NOW).await }
        });
        assert_away(&store.put(&task(1).key, &put(1), NOW).await);
        assert_away(&reading.await.unwrap());
        assert_away(&beating.await.unwrap());
        assert!(began.elapsed() < Duration::from_secs(13), "{:?}", began.elapsed());
        proxy.set(Mode::Pass);
        assert!(store.get(&task(1).key, Parts::all(), NOW).await.unwrap().is_some());
    });
}

#[test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
fn a_cut_connection_is_survived_at_once() {
    block_on(async {
        let (proxy, store, past) = behind().await;
        for n in 1..=10 {
            // One try fewer than are made.
            proxy.cut(2);
            let began = Instant::now();
            let created = store.create(&task(n), NOW).await.unwrap();
            assert!(matches!(created, Create::Created | Create::Replayed));
            assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
        }
        assert_eq!(past.held(&Holder::Queue, None, 100).await.unwrap().len(), 10);
    });
}

#[test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
fn a_claim_whose_answer_was_lost_is_found_among_what_is_held() {
    block_on(async {
        let (proxy, store, past) = behind().await;
        let held = Holder::Worker(worker(1));
        store.create(&NewTask { holder: Holder::Worker(worker(0)), ..task(1) }, NOW).await.unwrap();
        past.beat(&worker(1), PERIOD, NOW).await.unwrap();
        // The looks at the worker, at what is held and at the task are answered; the transaction is not.
        proxy.lose_after(3);
        assert_away(&store.claim(&Holder::Worker(worker(0)), &worker(1), 1, NOW).await);
        assert_eq!(past.held(&held, None, 10).await.unwrap(), [task(1).key]);
        assert!(past.bury(&worker(1), 1).await.unwrap());
        assert_eq!(past.claim(&held, &worker(2), 10, NOW).await.unwrap().taken().len(), 1);
    });
}

#[test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
fn what_cannot_be_opened_says_why() {
    block_on(async {
        let open = |table: DynamoDbTable| async move {
            let error = DynamoDbBackend::connect(table).await.unwrap_err();
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            (error.code(), cause)
        };
        let (code, cause) = open(service::local("pmcp-no-such-table")).await;
        assert!(code == "refused" && cause.contains("there is no table `pmcp-no-such-table`"), "{code} {cause}");
        assert!(cause.contains("templates/"), "{cause}");
        let began = Instant::now();
        let nobody = DynamoDbTable::new("tasks").region("eu-central-1").endpoint("http://127.0.0.1:9");
        let (code, cause) = open(nobody).await;
        assert!(code == "unavailable" && cause.contains("no connection"), "{code} {cause}");
        assert!(began.elapsed() < Duration::from_secs(12));
        let error = TaskStore::connect("dynamodb://user:secret@tasks").await.unwrap_err();
        assert!(error.code() == "url" && !error.to_string().contains("secret"), "{error}");
        let (code, cause) = open(service::with_other_keys().await).await;
        assert!(code == "refused" && cause.contains("`pk` and `sk`"), "{code} {cause}");
    });
}

#[test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
fn a_newer_layout_is_refused() {
    block_on(async {
        let (table, prefix) = service::table();
        drop(DynamoDbBackend::connect(table.clone()).await.unwrap());
        service::raise_layout(&table, &prefix).await;
        let error = DynamoDbBackend::connect(table).await.unwrap_err();
        assert_eq!(error.code(), "refused");
        assert!(std::error::Error::source(&error).unwrap().to_string().contains("newer build"));
    });
}

#[test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
fn a_corrupt_task_keeps_nobody_from_the_others() {
    block_on(async {
        let (table, prefix) = service::table();
        let store = DynamoDbBackend::connect(table.clone()).await.unwrap();
        for n in 1..=3 {
            store.create(&task(n), NOW).await.unwrap();
        }
        service::spoil(&table, &prefix, &task(2).key).await;
        assert_eq!(store.get(&task(2).key, Parts::all(), NOW).await.unwrap_err().code(), "corrupt");
        let page = store.page(&task(1).scope.unwrap(), None, 10, NOW).await.unwrap();
        assert_eq!(page.tasks.len(), 2);
        let Claim::Taken(taken) = store.claim(&Holder::Queue, &worker(1), 10, NOW).await.unwrap() else { panic!() };
        assert_eq!(taken.len(), 2);
    });
}

#[test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
fn changes_by_another_instance_are_hinted_at() {
    block_on(async {
        let (table, _) = service::table();
        let here = DynamoDbBackend::connect(table.clone()).await.unwrap();
        let there = DynamoDbBackend::connect(table).await.unwrap();
        here.create(&task(1), NOW).await.unwrap();
        let mut feed = here.feed(&worker(1)).unwrap();
        feed.interest.send((task(1).key, true)).unwrap();
        // What happened before the first look is not known.
        assert_eq!(feed.hints.recv().await, Some(task(1).key));
        for version in 1..=3 {
            let began = Instant::now();
            there.put(&task(1).key, &put(version), NOW).await.unwrap();
            assert_eq!(feed.hints.recv().await, Some(task(1).key));
            assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
        }
        feed.interest.send((task(1).key, false)).unwrap();
        tokio::time::sleep(Duration::from_millis(600)).await;
        there.put(&task(1).key, &put(4), NOW).await.unwrap();
        let silent = tokio::time::timeout(Duration::from_millis(800), feed.hints.recv()).await;
        assert!(silent.is_err(), "{silent:?}");
    });
}

#[test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
fn a_settled_worker_stays_dead_for_other_instances() {
    block_on(async {
        let (table, _) = service::table();
        let here = DynamoDbBackend::connect(table.clone()).await.unwrap();
        let there = DynamoDbBackend::connect(table).await.unwrap();
        here.beat(&worker(1), PERIOD, NOW).await.unwrap();
        assert!(there.bury(&worker(1), 1).await.unwrap());
        there.settle(&worker(1)).await.unwrap();
        assert_eq!(here.beat(&worker(1), PERIOD, later(1)).await.unwrap(), Beat::Buried);
        // Each of the marks says so.
        for n in 0..20 {
            let mut new = task(n);
            new.holder = Holder::Worker(worker(1));
            assert_eq!(here.create(&new, NOW).await.unwrap(), Create::Buried);
        }
    });
}
