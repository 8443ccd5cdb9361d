//! Several processes on one file.

use std::time::{Duration, Instant};

use super::{
    child::{Other, hear, say},
    *,
};
use crate::testing::fixtures::{seal, task, task_of};

const QUOTA: u32 = 20;

/// Waits for a word, then creates forty tasks at once; says how many there was room for.
pub(super) async fn create_many(file: &Path) {
    let backend = Arc::new(SqliteBackend::open(file).await.unwrap());
    say("ready");
    let first: u32 = hear().unwrap().parse().unwrap();
    let creates = (first..first + 40).map(|n| {
        let backend = backend.clone();
        let new = NewTask { quota: QUOTA, ..task(n) };
        tokio::spawn(async move { backend.create(&new, NOW).await.unwrap() == Create::Created })
    });
    let mut count = 0;
    for create in creates.collect::<Vec<_>>() {
        count += u32::from(create.await.unwrap());
    }
    say(count.to_string());
}

#[test]
fn racing_processes_keep_the_quota() {
    let place = Place::new();
    let mut others: Vec<_> = (0..3).map(|_| Other::start(child::CREATE, &place.path())).collect();
    for other in &mut others {
        assert_eq!(other.hear().unwrap(), "ready");
    }
    for (n, other) in others.iter_mut().enumerate() {
        other.say(&(n * 1000).to_string());
    }
    let created: u32 = others.iter_mut().map(|other| other.hear().unwrap().parse::<u32>().unwrap()).sum();
    assert_eq!(created, QUOTA);
    block_on(async {
        let held = place.open().await.held(&task(0).holder, None, 1000).await.unwrap();
        assert_eq!(held.len(), 20);
    });
}

/// Waits for a word, then creates and ends tasks without pause for a second; says how many.
pub(super) async fn write_much(file: &Path) {
    let backend = SqliteBackend::open(file).await.unwrap();
    say("ready");
    let whose: u32 = hear().unwrap().parse().unwrap();
    let (start, mut count) = (Instant::now(), 0_u32);
    while start.elapsed() < Duration::from_secs(1) {
        let new = task_of(whose, whose * 1_000_000 + count);
        assert_eq!(backend.create(&new, NOW).await.unwrap(), Create::Created);
        backend.put(&new.key, &seal(1), NOW).await.unwrap();
        count += 1;
    }
    say(count.to_string());
}

#[test]
fn no_process_keeps_another_from_writing() {
    let place = Place::new();
    let mut others: Vec<_> = (0..2).map(|_| Other::start(child::HURRY, &place.path())).collect();
    for other in &mut others {
        assert_eq!(other.hear().unwrap(), "ready");
    }
    for (n, other) in others.iter_mut().enumerate() {
        other.say(&n.to_string());
    }
    let counts: Vec<u32> = others.iter_mut().map(|other| other.hear().unwrap().parse().unwrap()).collect();
    let total: u32 = counts.iter().sum();
    assert!(counts.iter().all(|count| count * 3 >= total), "{counts:?}");
}

#[test]
fn whoever_opens_a_locked_file_says_so_and_waits() {
    let place = Place::new();
    let (warnings, count) = Events::of(tracing::Level::WARN);
    let late = |late| Options { late, ..Options::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    tracing::subscriber::with_default(warnings, || {
        runtime.block_on(async {
            SqliteBackend::open_with(place.path(), late(Duration::MAX)).await.unwrap();
            assert_eq!(count.load(Ordering::Relaxed), 0);
            let holder = Location::new(&place.path()).unwrap();
            let lock = holder.lock().unwrap();
            let mut opening = std::pin::pin!(SqliteBackend::open_with(place.path(), late(Duration::ZERO)));
            while count.load(Ordering::Relaxed) == 0 {
                tokio::select! {
                    biased;
                    opened = &mut opening => panic!("it is locked: {opened:?}"),
                    () = tokio::task::yield_now() => {}
                }
            }
            drop(lock);
            opening.await.unwrap();
            assert_eq!(count.load(Ordering::Relaxed), 1);
        });
    });
}
