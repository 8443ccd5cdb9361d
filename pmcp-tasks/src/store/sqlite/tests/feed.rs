//! Hints of changes by other processes.

use std::time::Duration;

use super::{
    child::{Other, hear, say},
    *,
};
use crate::{
    store::backend::{Guard, HolderChange},
    testing::fixtures::{merge, put, seal, set, step, task, task_of, worker},
};

/// Far longer than a hint takes.
const LONG: Duration = Duration::from_secs(10);

async fn hint(feed: &mut Feed) -> TaskKey {
    tokio::time::timeout(LONG, feed.hints.recv()).await.expect("a hint").expect("a feed that goes on")
}

/// Makes one change for every word it is told.
pub(super) async fn change_as_told(file: &Path) {
    let backend = SqliteBackend::open(file).await.unwrap();
    say("ready");
    while let Some(change) = hear() {
        let (change, n) = change.split_once(' ').unwrap();
        let key = task(n.parse().unwrap()).key;
        match change {
            "end" => drop(backend.put(&key, &seal(1), NOW).await.unwrap()),
            "answer" => drop(backend.put(&key, &put(1), NOW).await.unwrap()),
            "set" => drop(backend.merge(&key, &merge(Guard::Open, [("a", set("1"))]), NOW).await.unwrap()),
            "queue" => {
                let queue = Put { holder: HolderChange::Queue, ..put(1) };
                drop(backend.put(&key, &queue, NOW).await.unwrap());
            }
            "delete" => assert!(backend.delete(&key).await.unwrap()),
            _ => panic!("no change {change:?}"),
        }
        say("done");
    }
}

#[test]
fn hints_come_from_other_processes() {
    block_on(async {
        let place = Place::new();
        let backend = place.open_unsynced().await;
        for n in 0..10 {
            backend.create(&NewTask { holder: Holder::Worker(worker(9)), ..task(n) }, NOW).await.unwrap();
        }
        backend.create(&task(10), NOW).await.unwrap();
        let mut other = Other::start(child::CHANGE, &place.path());
        assert_eq!(other.hear().unwrap(), "ready");
        let mut feed = backend.feed(&worker(0)).unwrap();
        for (n, change) in (0..).zip(["end", "answer", "set", "queue", "delete"]) {
            feed.interest.send((task(n).key, true)).unwrap();
            // Of a task nobody waits for, nothing is told.
            other.say(&format!("end {}", n + 5));
            assert_eq!(other.hear().unwrap(), "done");
            other.say(&format!("{change} {n}"));
            // The first look tells whatever is awaited; what counts is that the last hint comes after the change.
            assert_eq!(other.hear().unwrap(), "done");
            assert_eq!(hint(&mut feed).await, task(n).key, "{change}");
            feed.interest.send((task(n).key, false)).unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
            while let Ok(again) = feed.hints.try_recv() {
                assert_eq!(again, task(n).key, "{change}");
            }
        }
        // A task that this worker runs, changed by somebody else: nobody has to wait for it.
        other.say("end 10");
        assert_eq!(hint(&mut feed).await, task(10).key);
    });
}

#[test]
fn a_queued_task_is_told_to_everybody() {
    block_on(async {
        let place = Place::new();
        let (one, two) = (place.open_unsynced().await, place.open_unsynced().await);
        let mut feed = two.feed(&worker(2)).unwrap();
        // Until the first look; what was queued before it is found by a claim.
        tokio::time::sleep(Duration::from_millis(300)).await;
        one.create(&NewTask { holder: Holder::Queue, ..task_of(3, 1) }, NOW).await.unwrap();
        assert_eq!(hint(&mut feed).await, task_of(3, 1).key);
    });
}

#[test]
fn what_a_backend_changed_itself_is_no_news_to_its_only_feed() {
    block_on(async {
        let place = Place::new();
        let (backend, other) = (place.open_unsynced().await, place.open_unsynced().await);
        for n in 0..3 {
            backend.create(&task(n), NOW).await.unwrap();
        }
        let mut feed = backend.feed(&worker(1)).unwrap();
        for n in 0..3 {
            feed.interest.send((task(n).key, true)).unwrap();
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        while feed.hints.try_recv().is_ok() {}
        backend.put(&task(0).key, &seal(1), NOW).await.unwrap();
        other.put(&task(1).key, &seal(1), NOW).await.unwrap();
        assert_eq!(hint(&mut feed).await, task(1).key);
        // With a second feed of the same backend it is.
        let second = backend.feed(&worker(2)).unwrap();
        backend.put(&task(2).key, &seal(1), NOW).await.unwrap();
        assert_eq!(hint(&mut feed).await, task(2).key);
        drop(second);
    });
}

#[test]
fn a_feed_that_missed_changes_tells_of_everything_awaited() {
    block_on(async {
        let place = Place::new();
        let backend = place.open_unsynced().await;
        backend.create(&task(1), NOW).await.unwrap();
        let mut feed = backend.feed(&worker(1)).unwrap();
        feed.interest.send((task(1).key, true)).unwrap();
        assert_eq!(hint(&mut feed).await, task(1).key);
        // Changes of which only the last is still there.
        place.raw().execute("INSERT INTO change VALUES (9999, zeroblob(32), zeroblob(16), NULL, 0, 1)", []).unwrap();
        assert_eq!(hint(&mut feed).await, task(1).key);
    });
}

#[test]
fn writes_only_a_worker_makes_tell_nobody() {
    block_on(async {
        let place = Place::new();
        let backend = place.open_unsynced().await;
        backend.create(&task(1), NOW).await.unwrap();
        let key = &task(1).key;
        backend.merge(key, &merge(Guard::Fence(1), [("a", set("1"))]), NOW).await.unwrap();
        backend.record(key, &step(1, "fetch", "1"), NOW).await.unwrap();
        backend.beat(&worker(0), PERIOD, NOW).await.unwrap();
        let count: i64 = place.raw().query_row("SELECT count(*) FROM change", [], |row| row.get(0)).unwrap();
        assert_eq!(count, 0);
    });
}

#[test]
fn a_feed_that_failed_or_panicked_opens_the_file_again_and_tells_once() {
    block_on(async {
        let place = Place::new();
        let (backend, other) = (place.open_unsynced().await, place.open_unsynced().await);
        for n in 0..2 {
            backend.create(&task(n), NOW).await.unwrap();
        }
        let (send_hint, mut hints) = tokio::sync::mpsc::channel(HINTS);
        let (interest, interests) = tokio::sync::mpsc::unbounded_channel();
        let watcher = backend.watcher(worker(9), send_hint, interests);
        let (events, told) = Events::of(tracing::Level::ERROR);
        interest.send((task(0).key, true)).unwrap();
        let watching = std::thread::spawn(move || {
            let opened = AtomicUsize::new(0);
            let open = |path: &Path| match opened.fetch_add(1, Ordering::Relaxed) {
                0 => Err(Failure::refused("as the test wants")),
                1 => panic!("as the test wants"),
                2 => Ok(Connection::open_in_memory()?),
                _ => schema::open_reader(path),
            };
            tracing::subscriber::with_default(events, || watcher.run_on(open, Duration::from_millis(1)));
        });
        let mut hint = async || tokio::time::timeout(LONG, hints.recv()).await.unwrap().unwrap();
        // The first look tells of what was awaited all the while.
        assert_eq!(hint().await, task(0).key);
        assert_eq!(told.load(Ordering::Relaxed), 1);
        interest.send((task(0).key, false)).unwrap();
        interest.send((task(1).key, true)).unwrap();
        other.put(&task(1).key, &seal(1), NOW).await.unwrap();
        assert_eq!(hint().await, task(1).key);
        drop(hints);
        watching.join().unwrap();
    });
}

#[test]
fn a_dropped_feed_ends_its_thread() {
    block_on(async {
        let place = Place::new();
        let backend = place.open_unsynced().await;
        let feeds = backend.feeds.clone();
        let feed = backend.feed(&worker(1)).unwrap();
        assert_eq!(Arc::strong_count(&feeds), 3);
        drop(feed);
        for _ in 0..500 {
            if Arc::strong_count(&feeds) == 2 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the watcher goes on");
    });
}
