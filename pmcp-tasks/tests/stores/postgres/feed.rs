//! Hints of changes by other processes, and what becomes of them.

use std::time::Instant;

use pmcp_tasks::store::backend::Feed;

use super::{link::Link, *};

async fn hint(feed: &mut Feed) -> TaskKey {
    tokio::time::timeout(LONG, feed.hints.recv()).await.expect("a hint").expect("a feed that goes on")
}

/// Takes the hints that come for a while.
async fn quiet(feed: &mut Feed) {
    while tokio::time::timeout(Duration::from_millis(500), feed.hints.recv()).await.is_ok() {}
}

/// Every kind of change that somebody may wait for.
async fn hints_come(service: &str) {
    let url = url(service, &fresh());
    let (backend, other) = (open(&url).await, open(&url).await);
    for n in 0..10 {
        backend.create(&NewTask { holder: Holder::Worker(worker(9)), ..task(n) }, NOW).await.unwrap();
    }
    backend.create(&task(10), NOW).await.unwrap();
    let mut feed = backend.feed(&worker(0)).unwrap();
    for (n, change) in (0..).zip(["end", "answer", "set", "queue", "delete"]) {
        let key = task(n).key;
        feed.interest.send((key.clone(), true)).unwrap();
        quiet(&mut feed).await;
        // Of a task nobody waits for, nothing is told.
        other.put(&task(n + 5).key, &seal(1), NOW).await.unwrap();
        match change {
            "end" => drop(other.put(&key, &seal(1), NOW).await.unwrap()),
            "answer" => drop(other.put(&key, &put(1), NOW).await.unwrap()),
            "set" => drop(other.merge(&key, &merge("a", "1"), NOW).await.unwrap()),
            "queue" => drop(other.put(&key, &Put { holder: HolderChange::Queue, ..put(1) }, NOW).await.unwrap()),
            _ => assert!(other.delete(&key).await.unwrap()),
        }
        assert_eq!(hint(&mut feed).await, key, "{change}");
        feed.interest.send((key, false)).unwrap();
        quiet(&mut feed).await;
    }
    // A task that this worker runs, changed by somebody else: nobody has to wait for it.
    other.put(&task(10).key, &put(1), NOW).await.unwrap();
    assert_eq!(hint(&mut feed).await, task(10).key);
    quiet(&mut feed).await;
    // One that anybody may claim.
    let queued = NewTask { holder: Holder::Queue, ..task_of(3, 30) };
    other.create(&queued, NOW).await.unwrap();
    assert_eq!(hint(&mut feed).await, queued.key);
}

#[test]
#[ignore = "needs PostgreSQL: `cargo xtask services`"]
fn hints_come_from_other_processes() {
    block_on(hints_come(NEWEST));
}

#[test]
#[ignore = "needs an old PostgreSQL: `cargo xtask services`"]
fn hints_come_from_other_processes_on_an_old_server() {
    block_on(hints_come(OLDEST));
}

#[test]
#[ignore = "needs PostgreSQL behind PgBouncer: `cargo xtask services`"]
fn behind_a_pooler_changes_are_looked_for() {
    block_on(hints_come(POOLER));
}

#[test]
#[ignore = "needs PostgreSQL: `cargo xtask services`"]
fn what_a_backend_changed_itself_is_news_to_a_second_worker_only() {
    block_on(async {
        let url = url(NEWEST, &fresh());
        let (backend, other) = (open(&url).await, open(&url).await);
        for n in 0..3 {
            backend.create(&NewTask { holder: Holder::Worker(worker(9)), ..task(n) }, NOW).await.unwrap();
        }
        let mut feed = backend.feed(&worker(1)).unwrap();
        for n in 0..3 {
            feed.interest.send((task(n).key, true)).unwrap();
        }
        quiet(&mut feed).await;
        backend.put(&task(0).key, &seal(1), NOW).await.unwrap();
        other.put(&task(1).key, &seal(1), NOW).await.unwrap();
        assert_eq!(hint(&mut feed).await, task(1).key);
        quiet(&mut feed).await;
        let second = backend.feed(&worker(2)).unwrap();
        backend.put(&task(2).key, &seal(1), NOW).await.unwrap();
        assert_eq!(hint(&mut feed).await, task(2).key);
        drop(second);
    });
}

#[test]
#[ignore = "needs PostgreSQL behind PgBouncer: `cargo xtask services`"]
fn behind_a_pooler_a_task_that_is_gone_already_is_hinted_at() {
    block_on(async {
        let backend = connect(POOLER).await;
        let mut feed = backend.feed(&worker(1)).unwrap();
        let key = task(1).key;
        // Whoever waits had seen it; it was deleted before the first look.
        feed.interest.send((key.clone(), true)).unwrap();
        assert_eq!(tokio::time::timeout(LONG / 6, feed.hints.recv()).await.unwrap().unwrap(), key);
        quiet(&mut feed).await;
        assert!(feed.hints.try_recv().is_err());
    });
}

#[test]
#[ignore = "needs PostgreSQL: `cargo xtask services`"]
fn changes_outlive_the_connection_that_was_to_tell_them() {
    block_on(async {
        let url = url(NEWEST, &fresh());
        let link = Link::to(&url).await;
        let (backend, other) = (open(&url).await, open(&link.url(&url)).await);
        let new = NewTask { holder: Holder::Worker(worker(9)), ..task(1) };
        backend.create(&new, NOW).await.unwrap();
        let mut feed = backend.feed(&worker(1)).unwrap();
        feed.interest.send((new.key.clone(), true)).unwrap();
        quiet(&mut feed).await;
        link.cut_at(b"pg_notify");
        other.put(&new.key, &seal(1), NOW).await.unwrap();
        assert_eq!(tokio::time::timeout(LONG / 6, feed.hints.recv()).await.unwrap().unwrap(), new.key);
        assert!(!link.is_to_cut(), "the connection ended");
    });
}

/// The time from a write's answer to the hint, 99th of a hundred.
async fn wake_up(service: &str) -> Duration {
    let url = url(service, &fresh());
    let (backend, other) = (open(&url).await, open(&url).await);
    let mut feed = backend.feed(&worker(1)).unwrap();
    let mut times = Vec::new();
    for n in 0..100 {
        let new = NewTask { holder: Holder::Worker(worker(9)), ..task_of(n % 5, n) };
        other.create(&new, NOW).await.unwrap();
        feed.interest.send((new.key.clone(), true)).unwrap();
        tokio::time::sleep(Duration::from_millis(30)).await;
        while feed.hints.try_recv().is_ok() {}
        other.put(&new.key, &seal(1), NOW).await.unwrap();
        let begun = Instant::now();
        assert_eq!(hint(&mut feed).await, new.key);
        times.push(begun.elapsed());
        feed.interest.send((new.key, false)).unwrap();
    }
    times.sort();
    times[98]
}

/// In one of a few rounds at least: what else the machine does is not the store's.
fn in_time(service: &str, budget: Duration) {
    let mut times = Vec::new();
    while times.last().is_none_or(|time| *time > budget) {
        assert!(times.len() < 5, "{times:?}");
        times.push(block_on(wake_up(service)));
    }
}

#[test]
#[ignore = "needs PostgreSQL: `cargo xtask services`"]
fn a_hint_comes_in_time() {
    in_time(NEWEST, Duration::from_millis(20));
}

#[test]
#[ignore = "needs PostgreSQL behind PgBouncer: `cargo xtask services`"]
fn a_look_comes_in_time() {
    in_time(POOLER, Duration::from_millis(30));
}

#[test]
#[ignore = "needs PostgreSQL: `cargo xtask services`"]
fn a_dropped_feed_ends_and_a_dropped_store_ends_its_feeds() {
    block_on(async {
        let schema = fresh();
        let url = format!("{}&application_name={schema}", url(NEWEST, &schema));
        let backend = open(&url).await;
        backend.create(&task(1), NOW).await.unwrap();
        drop(backend.feed(&worker(1)).unwrap());
        let mut feed = backend.feed(&worker(1)).unwrap();
        drop(backend);
        assert_eq!(tokio::time::timeout(LONG, feed.hints.recv()).await.unwrap(), None);
        // Its connections are closed.
        let admin = raw(&server(NEWEST)).await;
        let query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1";
        let begun = Instant::now();
        while admin.query_one(query, &[&schema]).await.unwrap().get::<_, i64>(0) > 0 {
            assert!(begun.elapsed() < LONG);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
}
