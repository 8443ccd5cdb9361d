//! Hints of what others change.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use pmcp_tasks::{
    store::{
        RedisBackend, StorageBackend as _,
        backend::{Feed, Holder, HolderChange, NewTask, Put, TaskKey},
    },
    testing::block_on,
};

use super::{
    CLUSTER, SERVER,
    own::{NOW, put, seal, set_if, task_of, worker},
    prefix,
    relay::Relay,
    url,
};

/// Far longer than a hint takes.
const LONG: Duration = Duration::from_secs(10);

async fn hint(feed: &mut Feed) -> TaskKey {
    tokio::time::timeout(LONG, feed.hints.recv()).await.expect("a hint").expect("a feed that goes on")
}

/// Waits for a task, until what is told of it at the beginning has come.
async fn await_task(feed: &mut Feed, key: &TaskKey) {
    feed.interest.send((key.clone(), true)).unwrap();
    // Of another one there may be more than one hint.
    while hint(feed).await != *key {}
}

async fn quiet(feed: &mut Feed) {
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(feed.hints.try_recv().is_err());
}

async fn two(service: &str) -> (RedisBackend, RedisBackend) {
    let url = url(service);
    (RedisBackend::connect(&url).await.unwrap(), RedisBackend::connect(&url).await.unwrap())
}

async fn hints_come(service: &str) {
    let (backend, other) = two(service).await;
    let mut feed = backend.feed(&worker(7)).unwrap();
    for n in 0..6 {
        backend.create(&task_of(n, n), NOW).await.unwrap();
    }
    for n in 0..5 {
        let key = task_of(n, n).key;
        await_task(&mut feed, &key).await;
        match n {
            0 => drop(other.put(&key, &seal(1), NOW).await.unwrap()),
            1 => drop(other.put(&key, &Put { fence: Some(1), ..put(1) }, NOW).await.unwrap()),
            2 => drop(other.merge(&key, &set_if("a", None, "1"), NOW).await.unwrap()),
            3 => drop(other.put(&key, &Put { holder: HolderChange::Queue, ..put(1) }, NOW).await.unwrap()),
            _ => assert!(other.delete(&key).await.unwrap()),
        }
        let mut told = hint(&mut feed).await;
        // Of the change before there may be a second one, by another channel.
        while n > 0 && told == task_of(n - 1, n - 1).key {
            told = hint(&mut feed).await;
        }
        assert_eq!(told, key, "change {n}");
        feed.interest.send((key.clone(), false)).unwrap();
    }
    // Nobody waits any more, and of another task nobody ever did.
    tokio::time::sleep(Duration::from_millis(100)).await;
    while feed.hints.try_recv().is_ok() {}
    other.put(&task_of(1, 1).key, &put(2), NOW).await.unwrap();
    other.put(&task_of(5, 5).key, &put(1), NOW).await.unwrap();
    quiet(&mut feed).await;
    // What its worker runs and what anybody may claim is told without being asked for.
    let mine = NewTask { holder: Holder::Worker(worker(7)), ..task_of(8, 8) };
    backend.create(&mine, NOW).await.unwrap();
    other.put(&mine.key, &put(1), NOW).await.unwrap();
    assert_eq!(hint(&mut feed).await, mine.key);
    let queued = NewTask { holder: Holder::Queue, ..task_of(9, 9) };
    other.create(&queued, NOW).await.unwrap();
    assert_eq!(hint(&mut feed).await, queued.key);
    // Its own changes are no news, unless a second feed of the backend may wait for them.
    backend.put(&mine.key, &put(2), NOW).await.unwrap();
    quiet(&mut feed).await;
    let second = backend.feed(&worker(9)).unwrap();
    backend.put(&mine.key, &put(3), NOW).await.unwrap();
    assert_eq!(hint(&mut feed).await, mine.key);
    drop(second);
}

#[test]
#[ignore = "needs redis-server: `cargo xtask services`"]
fn hints_come_from_others() {
    block_on(hints_come(SERVER));
}

#[test]
#[ignore = "needs a Redis cluster: `cargo xtask services`"]
fn hints_come_from_others_on_a_cluster() {
    block_on(hints_come(CLUSTER));
}

#[test]
#[ignore = "needs redis-server: `cargo xtask services`"]
fn a_feed_that_missed_changes_tells_of_everything_awaited() {
    block_on(async {
        let server = std::env::var(SERVER).unwrap();
        let (relay, prefix) = (Relay::to(server.strip_prefix("redis://").unwrap()).await, prefix());
        let backend = RedisBackend::connect(&format!("redis://{}?prefix={prefix}", relay.address)).await.unwrap();
        let other = RedisBackend::connect(&format!("{server}?prefix={prefix}")).await.unwrap();
        let mut feed = backend.feed(&worker(1)).unwrap();
        for n in 0..2 {
            backend.create(&task_of(0, n), NOW).await.unwrap();
            await_task(&mut feed, &task_of(0, n).key).await;
        }
        for round in 1..4 {
            relay.cut();
            other.put(&task_of(0, 0).key, &put(round), NOW).await.unwrap();
            // Of the change itself it may hear, too.
            let mut missing = HashSet::from([task_of(0, 0).key, task_of(0, 1).key]);
            while !missing.is_empty() {
                missing.remove(&hint(&mut feed).await);
            }
        }
        // A connection that has fallen silent is given up.
        relay.silence(true);
        tokio::time::sleep(Duration::from_millis(100)).await;
        other.put(&task_of(0, 0).key, &put(4), NOW).await.unwrap();
        tokio::time::sleep(Duration::from_secs(11)).await;
        relay.silence(false);
        let told = hint(&mut feed).await;
        assert!([task_of(0, 0).key, task_of(0, 1).key].contains(&told));
    });
}

#[test]
#[ignore = "needs redis-server: `cargo xtask services`"]
fn a_feed_ends_with_whoever_hears_it() {
    block_on(async {
        let (backend, _) = two(SERVER).await;
        for _ in 0..3 {
            let feed = backend.feed(&worker(1)).unwrap();
            let interest = feed.interest.clone();
            drop(feed);
            tokio::time::timeout(LONG, interest.closed()).await.expect("the subscriber has ended");
        }
    });
}

/// The time from a write to the hint, 99th of a hundred.
async fn wake_up(service: &str) -> Duration {
    let (backend, other) = two(service).await;
    let mut feed = backend.feed(&worker(1)).unwrap();
    let mut times = Vec::new();
    for n in 0..200 {
        let new = task_of(n, n);
        other.create(&new, NOW).await.unwrap();
        await_task(&mut feed, &new.key).await;
        let started = Instant::now();
        other.put(&new.key, &seal(1), NOW).await.unwrap();
        assert_eq!(hint(&mut feed).await, new.key);
        times.push(started.elapsed());
        feed.interest.send((new.key, false)).unwrap();
    }
    times.sort();
    times[198]
}

/// In one of a few rounds at least: what else the machine does is not the store's.
fn wakes_up_in_time(service: &str) {
    let mut times = Vec::new();
    while times.last().is_none_or(|time| *time > Duration::from_millis(20)) {
        assert!(times.len() < 5, "{times:?}");
        times.push(block_on(wake_up(service)));
    }
}

#[test]
#[ignore = "needs redis-server: `cargo xtask services`"]
fn a_hint_comes_within_milliseconds() {
    wakes_up_in_time(SERVER);
}

#[test]
#[ignore = "needs a Redis cluster: `cargo xtask services`"]
fn a_hint_comes_within_milliseconds_on_a_cluster() {
    wakes_up_in_time(CLUSTER);
}
