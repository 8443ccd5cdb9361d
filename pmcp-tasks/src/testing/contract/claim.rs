//! Holders, claims, workers, sweeping.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a case panics when the backend breaks the contract"
)]

use super::{Backend, assert_conflict, assert_done};
use crate::{
    store::backend::{Beat, Guard, Holder, HolderChange, Merged, NewTask, Parts, Put, Recorded, Written},
    testing::fixtures::{NOW, PERIOD, TTL, alive, later, merge, put, read, seal, set, step, task, task_of, worker},
};

/// A claim makes the worker the holder, raises version and fence by one, and reads body, variables and steps.
pub async fn a_claim_takes_a_task_over(backend: Backend) {
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    backend.merge(&new.key, &merge(Guard::Open, [("a", set("1"))]), NOW).await.unwrap();
    backend.record(&new.key, &step(1, "fetch", "2"), NOW).await.unwrap();
    backend.put(&new.key, &put(1), NOW).await.unwrap();
    let before = read(&backend, &new.key).await.unwrap();
    let claimed = backend.claim(&new.holder, &worker(1), 10, NOW).await.unwrap().taken();
    let [claimed] = claimed.as_slice() else { panic!("{claimed:?}") };
    assert_eq!(claimed.key, new.key);
    let mut expected = before;
    (expected.version, expected.fence, expected.holder) = (3, 2, Some(Holder::Worker(worker(1))));
    assert_eq!(claimed.task, expected);
    assert_eq!(read(&backend, &new.key).await, Some(expected));
    assert_eq!(backend.held(&new.holder, None, 10).await.unwrap(), []);
    assert_eq!(backend.held(&Holder::Worker(worker(1)), None, 10).await.unwrap(), [new.key]);
}

/// A claim takes the tasks of the named holder only, of every owner.
pub async fn a_claim_takes_from_one_holder(backend: Backend) {
    let holders = [Holder::Queue, Holder::Worker(worker(1)), Holder::Worker(worker(2))];
    for n in 0..9 {
        let holder = holders[n as usize % 3];
        backend.create(&NewTask { holder, ..task_of(n, n) }, NOW).await.unwrap();
    }
    let claimed = backend.claim(&Holder::Queue, &worker(3), 10, NOW).await.unwrap().taken();
    let mut keys: Vec<_> = claimed.into_iter().map(|claimed| claimed.key).collect();
    let mut expected: Vec<_> = [0, 3, 6].map(|n| task_of(n, n).key).into();
    keys.sort();
    expected.sort();
    assert_eq!(keys, expected);
    for (by, count) in [(holders[0], 0), (holders[1], 3), (holders[2], 3), (Holder::Worker(worker(3)), 3)] {
        assert_eq!(backend.held(&by, None, 10).await.unwrap().len(), count, "{by:?}");
    }
}

/// A claim takes at most `n`; the next one takes others.
pub async fn a_claim_takes_at_most_n(backend: Backend) {
    for n in 0..7 {
        backend.create(&NewTask { holder: Holder::Queue, ..task_of(n % 3, n) }, NOW).await.unwrap();
    }
    let mut keys = Vec::new();
    for (n, count) in [(0, 0), (3, 3), (3, 3), (3, 1), (3, 0)] {
        let claimed = backend.claim(&Holder::Queue, &worker(1), n, NOW).await.unwrap().taken();
        assert_eq!(claimed.len(), count);
        keys.extend(claimed.into_iter().map(|claimed| claimed.key));
    }
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 7);
}

/// Sealed and expired tasks are not claimed, and do not keep a claim from those behind them.
pub async fn sealed_and_expired_tasks_are_not_claimed(backend: Backend) {
    for n in 0..12 {
        let expires = later(if n % 3 == 0 { 2 * TTL } else { TTL });
        backend.create(&NewTask { holder: Holder::Queue, expires, ..task(n) }, NOW).await.unwrap();
    }
    backend.put(&task(3).key, &seal(1), NOW).await.unwrap();
    let claimed = backend.claim(&Holder::Queue, &worker(1), 3, later(TTL)).await.unwrap().taken();
    let mut keys: Vec<_> = claimed.into_iter().map(|claimed| claimed.key).collect();
    keys.sort();
    assert_eq!(keys, [0, 6, 9].map(|n| task(n).key));
}

/// Writes under the old fence or the old version are rejected once a task was claimed; its new holder's are accepted.
pub async fn a_claim_shuts_the_old_holder_out(backend: Backend) {
    let new = task(1);
    let key = &new.key;
    backend.create(&new, NOW).await.unwrap();
    backend.claim(&new.holder, &worker(1), 1, NOW).await.unwrap();
    for late in [Put { fence: Some(1), ..put(1) }, Put { fence: Some(1), ..seal(2) }, put(1), seal(1)] {
        assert_conflict(&backend.put(key, &late, NOW).await.unwrap(), 2);
    }
    assert_eq!(backend.merge(key, &merge(Guard::Fence(1), [("a", set("1"))]), NOW).await.unwrap(), Merged::Lost);
    assert_eq!(backend.record(key, &step(1, "fetch", "1"), NOW).await.unwrap(), Recorded::Lost);
    assert_eq!(backend.merge(key, &merge(Guard::Fence(2), [("a", set("2"))]), NOW).await.unwrap(), Merged::Done);
    assert_eq!(backend.record(key, &step(2, "fetch", "2"), NOW).await.unwrap(), Recorded::Recorded);
    assert_done(&backend.put(key, &Put { fence: Some(2), ..seal(2) }, NOW).await.unwrap(), 3, 2);
}

/// A recorded step outlives a claim: the next holder finds it.
pub async fn a_step_outlives_a_claim(backend: Backend) {
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    backend.record(&new.key, &step(1, "fetch", "1"), NOW).await.unwrap();
    backend.claim(&new.holder, &worker(1), 1, NOW).await.unwrap();
    let again = backend.record(&new.key, &step(2, "fetch", "2"), NOW).await.unwrap();
    assert_eq!(again, Recorded::Exists("1".into()));
}

/// A put whose reply was lost is `Replayed` though the task was claimed since, so that its writer learns the truth.
pub async fn an_applied_put_is_replayed_after_a_claim(backend: Backend) {
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    let progress = Put { fence: Some(1), ..put(1) };
    backend.put(&new.key, &progress, NOW).await.unwrap();
    backend.claim(&new.holder, &worker(1), 1, NOW).await.unwrap();
    let actual = backend.get(&new.key, Parts::empty(), NOW).await.unwrap().unwrap();
    assert_eq!(backend.put(&new.key, &progress, NOW).await.unwrap(), Written::Replayed(actual));
}

/// The open tasks of a holder come in key order, at most `n` after the given key; the key need not be one of them.
pub async fn held_is_paged_in_key_order(backend: Backend) {
    let holder = Holder::Worker(worker(0));
    let mut keys = Vec::new();
    for n in 0..23 {
        let new = task_of(n % 4, n);
        backend.create(&new, NOW).await.unwrap();
        keys.push(new.key);
    }
    keys.sort();
    let mut found = Vec::new();
    for size in [5, 5, 5, 5, 3, 0] {
        let page = backend.held(&holder, found.last(), 5).await.unwrap();
        assert_eq!(page.len(), size);
        found.extend(page);
    }
    assert_eq!(found, keys);
    backend.put(&keys[10], &seal(1), NOW).await.unwrap();
    assert_eq!(backend.held(&holder, Some(&keys[10]), 2).await.unwrap(), keys[11..13]);
    assert_eq!(backend.held(&holder, Some(&keys[9]), 2).await.unwrap(), keys[11..13]);
    assert_eq!(backend.held(&Holder::Queue, None, 10).await.unwrap(), []);
}

/// A released task is held and claimed by nobody until it is queued.
pub async fn a_released_task_waits_for_the_queue(backend: Backend) {
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    backend.put(&new.key, &Put { holder: HolderChange::Release, ..put(1) }, NOW).await.unwrap();
    for from in [new.holder, Holder::Queue] {
        assert_eq!(backend.claim(&from, &worker(1), 10, NOW).await.unwrap().taken(), []);
    }
    backend.put(&new.key, &Put { holder: HolderChange::Queue, ..put(2) }, NOW).await.unwrap();
    assert_eq!(backend.claim(&Holder::Queue, &worker(1), 10, NOW).await.unwrap().taken().len(), 1);
}

/// A worker's counter begins at 1 and rises by one; the living workers are listed with theirs.
pub async fn a_beat_raises_the_counter(backend: Backend) {
    assert_eq!(backend.workers().await.unwrap(), []);
    for counter in 1..=3 {
        assert_eq!(backend.beat(&worker(1), PERIOD, NOW).await.unwrap(), Beat::Alive(counter));
    }
    assert_eq!(backend.beat(&worker(0), PERIOD, NOW).await.unwrap(), Beat::Alive(1));
    let mut workers = backend.workers().await.unwrap();
    workers.sort_by_key(|worker| worker.id);
    assert_eq!(workers, [alive(1, 3), alive(0, 1)]);
}

/// A buried worker stays buried: it neither beats nor is listed again. The others live on.
pub async fn a_buried_worker_stays_buried(backend: Backend) {
    backend.beat(&worker(0), PERIOD, NOW).await.unwrap();
    backend.beat(&worker(1), PERIOD, NOW).await.unwrap();
    assert!(backend.bury(&worker(1), 1).await.unwrap());
    for _ in 0..2 {
        assert_eq!(backend.beat(&worker(1), PERIOD, NOW).await.unwrap(), Beat::Buried);
        assert_eq!(backend.workers().await.unwrap(), [alive(0, 1)]);
    }
    assert_eq!(backend.beat(&worker(0), PERIOD, NOW).await.unwrap(), Beat::Alive(2));
}

/// A worker that has renewed since is not buried.
pub async fn a_renewed_worker_is_not_buried(backend: Backend) {
    backend.beat(&worker(1), PERIOD, NOW).await.unwrap();
    backend.beat(&worker(1), PERIOD, NOW).await.unwrap();
    for seen in [0, 1, 3] {
        assert!(!backend.bury(&worker(1), seen).await.unwrap(), "seen {seen}");
    }
    assert_eq!(backend.beat(&worker(1), PERIOD, NOW).await.unwrap(), Beat::Alive(3));
    assert!(backend.bury(&worker(1), 3).await.unwrap());
}

/// Burying a buried worker is `true`.
pub async fn burying_again_is_true(backend: Backend) {
    backend.beat(&worker(1), PERIOD, NOW).await.unwrap();
    for _ in 0..2 {
        assert!(backend.bury(&worker(1), 1).await.unwrap());
    }
}

/// A buried worker is listed as such until it is settled, and stays buried then.
pub async fn a_buried_worker_is_listed_until_it_is_settled(backend: Backend) {
    backend.beat(&worker(1), PERIOD, NOW).await.unwrap();
    backend.settle(&worker(1)).await.unwrap();
    assert_eq!(backend.buried().await.unwrap(), [], "settling the living does nothing");
    for _ in 0..2 {
        assert!(backend.bury(&worker(1), 1).await.unwrap());
        assert_eq!(backend.buried().await.unwrap(), [worker(1)]);
    }
    for _ in 0..2 {
        backend.settle(&worker(1)).await.unwrap();
        assert_eq!(backend.buried().await.unwrap(), []);
        assert_eq!(backend.beat(&worker(1), PERIOD, NOW).await.unwrap(), Beat::Buried);
        assert!(backend.bury(&worker(1), 1).await.unwrap());
    }
}

/// Sweeping removes at most `n` tasks, and none that lives.
pub async fn a_sweep_spares_the_living(backend: Backend) {
    for n in 0..10 {
        let expires = later(if n < 6 { TTL } else { TTL + 1 });
        backend.create(&NewTask { expires, ..task_of(n, n) }, NOW).await.unwrap();
    }
    assert_eq!(backend.sweep(100, later(TTL - 1)).await.unwrap(), 0);
    let mut swept = 0;
    for _ in 0..4 {
        let now = backend.sweep(2, later(TTL)).await.unwrap();
        assert!(now <= 2);
        swept += now;
    }
    assert!(swept <= 6);
    for n in 6..10 {
        assert!(backend.get(&task_of(n, n).key, Parts::all(), later(TTL)).await.unwrap().is_some(), "task {n}");
    }
}
