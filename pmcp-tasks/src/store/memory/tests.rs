//! What the contract does not see: retention, and that the indexes say what the tasks say.

use std::{
    collections::BTreeMap,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use super::*;
use crate::{
    store::backend::{Guard, HolderChange, NewTask, TASK_BYTES},
    testing::{
        block_on,
        fixtures::{NOW, TTL, later, merge, put, read, seal, set, step, task, task_of, worker},
    },
};

/// Checks every index against the tasks, both ways.
fn assert_consistent(backend: &MemoryBackend) {
    let (mut held, mut expiring, mut listed) = (Vec::new(), Vec::new(), Vec::new());
    let (mut finished, mut live_bytes) = (BTreeMap::<_, BTreeMap<_, _>>::new(), BTreeMap::<_, u64>::new());
    for task in &backend.tasks {
        let (key, record) = (task.key().clone(), task.value().lock());
        assert_eq!(record.is_open(), record.sealed.is_none(), "{key:?}");
        assert_eq!(record.bytes(), bytes(&record.stored(Parts::all())), "{key:?}");
        match record.sealed {
            Some(at) => drop(finished.entry(key.owner).or_default().insert((at, key.id), record.bytes())),
            None => *live_bytes.entry(key.owner).or_default() += record.bytes(),
        }
        assert!(record.is_open() || record.holder.is_none(), "{key:?}");
        held.extend(record.holder.map(|holder| (holder, key.clone())));
        listed.extend(record.listed.then(|| (key.owner, Position { stamp: record.stamp, id: key.id })));
        expiring.push((record.expires, key));
    }
    held.sort();
    expiring.sort();
    listed.sort();
    assert_eq!(backend.holders.entries(), held);
    assert_eq!(backend.expiry.entries(), expiring);
    let mut shares = Vec::new();
    let mut in_lists = Vec::new();
    for owner in &backend.owners {
        let state = owner.value().lock();
        assert!(!state.is_empty(), "nothing is stored of {}", owner.key());
        in_lists.extend(state.older(None).map(|position| (*owner.key(), *position)));
        let (kept, kept_bytes, taken) = state.kept();
        let of_owner = finished.remove(owner.key()).unwrap_or_default();
        assert_eq!(kept, of_owner.keys().copied().collect::<Vec<_>>());
        assert_eq!(kept_bytes, of_owner.values().sum::<u64>());
        assert_eq!(taken, live_bytes.remove(owner.key()).unwrap_or_default());
        shares.extend(state.share().map(|share| (share, *owner.key())));
        // Nothing but an open task has a place.
        for id in state.counted() {
            let task = backend.tasks.get(&TaskKey { owner: *owner.key(), id }).unwrap();
            assert!(task.lock().is_open(), "{id} is counted");
        }
    }
    in_lists.sort();
    assert_eq!(in_lists, listed);
    assert!(finished.is_empty() && live_bytes.is_empty(), "of owners who are gone: {finished:?} {live_bytes:?}");
    shares.sort();
    let sum = (shares.iter().map(|(share, _)| share.tasks).sum(), shares.iter().map(|(share, _)| share.bytes).sum());
    let (tasks, bytes, order) = backend.finished.entries();
    assert_eq!(((tasks, bytes), order), (sum, shares));
}

/// Bytes a task with these parts takes.
fn bytes(task: &StoredTask) -> u64 {
    let variables = task.variables.iter().flatten().map(|(name, value)| name.len() + value.len());
    let steps = task.steps.iter().flatten().map(|(name, value)| name.len() + value.len());
    let parts = [Some(&task.head), task.body.as_ref(), task.outcome.as_ref()].into_iter().flatten().map(Bytes::len);
    TASK_BYTES + variables.chain(steps).chain(parts).sum::<usize>() as u64
}

fn assert_empty(backend: &MemoryBackend) {
    assert!(backend.tasks.is_empty());
    assert!(backend.owners.is_empty());
    assert_consistent(backend);
}

#[test]
fn nothing_is_left_of_tasks_that_are_gone() {
    block_on(async {
        let backend = MemoryBackend::new();
        for n in 0..40 {
            let holder = if n % 2 == 0 { Holder::Queue } else { Holder::Worker(worker(0)) };
            let digest = u8::try_from(n).unwrap();
            let new = NewTask { holder, idempotency: Some(([digest; 32], [0; 32])), ..task_of(n % 5, n) };
            backend.create(&new, NOW).await.unwrap();
            if n % 3 == 0 {
                backend.put(&new.key, &seal(1), NOW).await.unwrap();
            }
        }
        backend.claim(&Holder::Queue, &worker(1), 5, NOW).await.unwrap();
        assert_consistent(&backend);
        for n in 0..20 {
            assert!(backend.delete(&task_of(n % 5, n).key).await.unwrap());
        }
        assert_consistent(&backend);
        assert_eq!(backend.sweep(8, later(TTL)).await.unwrap(), 8);
        assert_eq!(backend.sweep(100, later(TTL)).await.unwrap(), 12);
        assert_empty(&backend);
    });
}

#[test]
fn a_refused_create_leaves_no_owner() {
    block_on(async {
        let backend = MemoryBackend::new();
        assert_eq!(backend.create(&NewTask { quota: 0, ..task(1) }, NOW).await.unwrap(), Create::Full);
        assert_empty(&backend);
    });
}

#[test]
fn pages_and_claims_remove_the_expired_tasks_they_meet() {
    block_on(async {
        let backend = MemoryBackend::new();
        for n in 0..10 {
            backend.create(&NewTask { holder: Holder::Queue, ..task(n) }, NOW).await.unwrap();
        }
        backend.page(&Scope(task(0).key.owner), None, 1, later(TTL)).await.unwrap();
        assert_consistent(&backend);
        assert!(backend.tasks.is_empty());
        backend.create(&NewTask { holder: Holder::Queue, ..task(0) }, NOW).await.unwrap();
        backend.claim(&Holder::Queue, &worker(1), 1, later(TTL)).await.unwrap();
        assert_empty(&backend);
    });
}

#[test]
fn the_tasks_that_finished_first_are_forgotten() {
    block_on(async {
        let backend = MemoryBackend::with_retained(3);
        for n in 0..8 {
            backend.create(&task_of(n % 2, n), NOW).await.unwrap();
        }
        for (time, n) in (0..).zip([5, 1, 4, 2, 3]) {
            backend.put(&task_of(n % 2, n).key, &seal(1), later(time)).await.unwrap();
            assert_consistent(&backend);
        }
        for n in 0..8 {
            let stored = read(&backend, &task_of(n % 2, n).key).await;
            assert_eq!(stored.is_some(), ![5, 1].contains(&n), "task {n}");
        }
        // A finished task that is gone takes no place.
        backend.delete(&task_of(0, 4).key).await.unwrap();
        backend.put(&task_of(0, 0).key, &seal(1), later(5)).await.unwrap();
        assert!(read(&backend, &task_of(0, 2).key).await.is_some());
    });
}

/// Creates task `n` of an owner and ends it with an outcome of so many bytes.
async fn finish(backend: &MemoryBackend, whose: u32, n: u32, bytes: usize) {
    let new = NewTask { quota: u32::MAX, ..task_of(whose, n) };
    assert_eq!(backend.create(&new, NOW).await.unwrap(), Create::Created);
    let end = Put { outcome: Some(vec![b'7'; bytes].into()), ..seal(1) };
    backend.put(&new.key, &end, later(u64::from(n))).await.unwrap();
}

#[test]
fn who_floods_loses_finished_tasks_and_nobody_else_does() {
    block_on(async {
        for backend in [MemoryBackend::with_retained(20), MemoryBackend::new().with_retained_bytes(200_000)] {
            for n in 0..5 {
                finish(&backend, 1, n, 10_000).await;
            }
            for n in 10..1000 {
                finish(&backend, 0, n, 20_000).await;
            }
            for n in 0..5 {
                assert!(read(&backend, &task_of(1, n).key).await.is_some(), "task {n} of the quiet owner is gone");
            }
            assert!(read(&backend, &task_of(0, 999).key).await.is_some());
            assert!(read(&backend, &task_of(0, 10).key).await.is_none());
            assert_consistent(&backend);
        }
    });
}

#[test]
fn finished_tasks_take_no_more_than_is_retained() {
    block_on(async {
        let backend = MemoryBackend::new().with_retained_bytes(100_000);
        for n in 0..300 {
            finish(&backend, n % 7, n, usize::try_from(n).unwrap() * 100).await;
            assert!(backend.finished.entries().1 <= 100_000);
        }
        assert!(backend.finished.entries().1 > 60_000);
        finish(&backend, 0, 300, 100_000).await;
        assert!(read(&backend, &task_of(0, 300).key).await.is_none(), "it is larger than all that is kept");
        assert_consistent(&backend);
    });
}

#[test]
fn a_task_is_listed_with_its_owner_only() {
    block_on(async {
        let backend = MemoryBackend::new();
        let foreign = NewTask { scope: task_of(1, 1).scope, ..task(1) };
        assert_eq!(backend.create(&foreign, NOW).await.unwrap_err().code(), "refused");
        assert_empty(&backend);
    });
}

#[test]
fn a_holder_with_many_tasks_lists_them_in_order() {
    block_on(async {
        let backend = MemoryBackend::new();
        let mut keys = Vec::new();
        for n in 0..2000 {
            // Scattered, so that recent and older tasks alternate in key order.
            let new = NewTask { quota: u32::MAX, ..task(n * 7919 % 2000) };
            assert_eq!(backend.create(&new, NOW).await.unwrap(), Create::Created);
            keys.push(new.key);
        }
        for _ in 0..500 {
            assert!(backend.delete(&keys.swap_remove(keys.len() / 3)).await.unwrap());
        }
        keys.sort();
        let mut held: Vec<TaskKey> = Vec::new();
        while held.len() < keys.len() {
            let page = backend.held(&task(0).holder, held.last(), 7).await.unwrap();
            assert!(!page.is_empty());
            held.extend(page);
        }
        assert_eq!(held, keys);
        assert_consistent(&backend);
    });
}

/// One of many operations on few tasks, by a number that looks random.
async fn operate(backend: &MemoryBackend, random: u64) {
    let pick = |shift: u32, n: u64| u32::try_from((random >> shift) % n).unwrap();
    let n = pick(0, 12);
    let me = worker(u8::try_from(pick(8, 3)).unwrap());
    let now = later(u64::from(pick(12, 2)) * TTL);
    let from = if pick(16, 2) == 0 { Holder::Queue } else { Holder::Worker(me) };
    let max_bytes = if pick(24, 2) == 0 { u64::MAX } else { 5 * TASK_BYTES };
    let new = NewTask { holder: from, quota: 4, max_bytes, idempotency: Some(([0; 32], [0; 32])), ..task_of(n % 3, n) };
    let key = new.key.clone();
    let version = backend.get(&key, Parts::empty(), NOW).await.unwrap().map_or(1, |task| task.version);
    match pick(20, 12) {
        0 => drop(backend.create(&new, NOW).await.unwrap()),
        1..=3 => drop(backend.create(&NewTask { idempotency: None, ..new }, NOW).await.unwrap()),
        4 => drop(backend.put(&key, &seal(version), now).await.unwrap()),
        5 => drop(backend.put(&key, &Put { holder: HolderChange::Take(me), ..put(version) }, now).await.unwrap()),
        6 => drop(backend.put(&key, &Put { holder: HolderChange::Queue, ..put(version) }, now).await.unwrap()),
        7 => drop(backend.claim(&from, &me, 3, now).await.unwrap()),
        8 => drop(backend.page(&Scope(key.owner), None, 5, now).await.unwrap()),
        9 => drop(backend.sweep(2, now).await.unwrap()),
        10 => {
            backend.merge(&key, &merge(Guard::Open, [("a", set("1"))]), now).await.unwrap();
            backend.record(&key, &step(1, "fetch", "1"), now).await.unwrap();
            backend.held(&from, None, 10).await.unwrap();
        }
        _ => drop(backend.delete(&key).await.unwrap()),
    }
}

#[test]
fn threads_that_do_everything_at_once_finish() {
    const THREADS: u64 = 8;
    const OPERATIONS: u64 = 20_000;
    let backend = Arc::new(MemoryBackend::with_retained(4));
    let (done, finished) = mpsc::channel();
    for seed in 1..=THREADS {
        let (backend, done) = (Arc::clone(&backend), done.clone());
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            runtime.block_on(async {
                for _ in 0..OPERATIONS {
                    random ^= random << 13;
                    random ^= random >> 7;
                    random ^= random << 17;
                    operate(&backend, random).await;
                }
            });
            done.send(()).unwrap();
        });
    }
    drop(done);
    for _ in 0..THREADS {
        // An error is a thread that panicked, or locks that wait for each other.
        finished.recv_timeout(Duration::from_secs(120)).unwrap();
    }
    assert_consistent(&backend);
    let kept = backend.finished.entries();
    assert!(kept.0 <= 4, "{kept:?}");
}
