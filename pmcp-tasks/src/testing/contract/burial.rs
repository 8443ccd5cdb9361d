//! The dead begin nothing, and what they had begun is found.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a case panics when the backend breaks the contract"
)]

use std::time::Duration;

use super::{Backend, assert_done, races::race};
use crate::{
    store::backend::{Claim, Create, Holder, HolderChange, NewTask, Parts, Put, Worker, Written},
    testing::fixtures::{NOW, PERIOD, TTL, later, put, read, seal, task, task_of, worker},
};

async fn bury(backend: &Backend, n: u8) {
    backend.beat(&worker(n), PERIOD, NOW).await.unwrap();
    assert!(backend.bury(&worker(n), 1).await.unwrap());
}

/// A beat notes the worker's period and its clock, whatever they were before.
pub async fn a_beat_notes_period_and_clock(backend: Backend) {
    for (counter, seconds, clock) in [(1, 4, NOW), (2, 40, later(9)), (3, 1, NOW)] {
        let period = Duration::from_secs(seconds);
        backend.beat(&worker(1), period, clock).await.unwrap();
        assert_eq!(backend.workers().await.unwrap(), [Worker { id: worker(1), counter, period, clock }]);
    }
}

/// A create for a buried worker leaves no trace; the same task for a living one is created.
pub async fn a_buried_worker_is_given_nothing(backend: Backend) {
    bury(&backend, 0).await;
    let new = NewTask { quota: 1, idempotency: Some(([1; 32], [2; 32])), ..task(1) };
    for settled in [false, true] {
        if settled {
            backend.settle(&worker(0)).await.unwrap();
        }
        assert_eq!(backend.create(&new, NOW).await.unwrap(), Create::Buried);
        assert_eq!(read(&backend, &new.key).await, None);
        assert_eq!(backend.held(&new.holder, None, 10).await.unwrap(), []);
    }
    for holder in [Holder::Queue, Holder::Worker(worker(1))] {
        assert_eq!(backend.create(&NewTask { holder, ..new.clone() }, NOW).await.unwrap(), Create::Created);
        assert!(backend.delete(&new.key).await.unwrap());
    }
}

/// A create that was applied before the burial is `Replayed` after it, so that its caller learns that the task is there.
pub async fn a_create_before_the_burial_is_replayed_after_it(backend: Backend) {
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    bury(&backend, 0).await;
    assert_eq!(backend.create(&new, NOW).await.unwrap(), Create::Replayed);
    backend.claim(&new.holder, &worker(1), 10, NOW).await.unwrap();
    backend.settle(&worker(0)).await.unwrap();
    assert_eq!(backend.create(&new, NOW).await.unwrap(), Create::Replayed);
}

/// A buried worker claims nothing: what it asked for stays where it is.
pub async fn a_buried_worker_claims_nothing(backend: Backend) {
    bury(&backend, 1).await;
    backend.create(&NewTask { holder: Holder::Queue, ..task(1) }, NOW).await.unwrap();
    let before = read(&backend, &task(1).key).await;
    for from in [Holder::Queue, Holder::Worker(worker(1)), Holder::Worker(worker(2))] {
        assert_eq!(backend.claim(&from, &worker(1), 10, NOW).await.unwrap(), Claim::Buried, "{from:?}");
    }
    assert_eq!(read(&backend, &task(1).key).await, before);
    assert_eq!(backend.claim(&Holder::Queue, &worker(2), 10, NOW).await.unwrap().taken().len(), 1);
}

/// A buried worker takes no task; the refused write is not remembered, and what conflicts does so all the same.
pub async fn a_buried_worker_takes_nothing(backend: Backend) {
    bury(&backend, 1).await;
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    let before = read(&backend, &new.key).await;
    let take = Put { holder: HolderChange::Take(worker(1)), ..put(1) };
    for _ in 0..2 {
        assert_eq!(backend.put(&new.key, &take, NOW).await.unwrap(), Written::Buried);
    }
    assert_eq!(read(&backend, &new.key).await, before);
    let stale = Put { version: 2, ..take.clone() };
    assert!(matches!(backend.put(&new.key, &stale, NOW).await.unwrap(), Written::Conflict(_)));
    let taken = Put { holder: HolderChange::Take(worker(2)), ..put(1) };
    assert_done(&backend.put(&new.key, &taken, NOW).await.unwrap(), 2, 2);
    assert!(matches!(backend.put(&new.key, &seal(2), NOW).await.unwrap(), Written::Done { .. }));
    assert!(matches!(backend.put(&new.key, &take, NOW).await.unwrap(), Written::Conflict(_)));
}

/// A buried worker may still write what it held, until that is claimed.
pub async fn a_buried_worker_ends_what_nobody_has_claimed(backend: Backend) {
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    bury(&backend, 0).await;
    assert_done(&backend.put(&new.key, &Put { fence: Some(1), ..seal(1) }, NOW).await.unwrap(), 2, 1);
}

/// A buried worker is not settled while it holds an open task: what a claimer takes for expired, by a clock that is ahead, is
/// left as it is for one with another clock. Ended and removed tasks keep nobody from being settled.
pub async fn who_holds_an_open_task_is_not_settled(backend: Backend) {
    let (holder, left) = (task(1).holder, task(1).key);
    for n in 1..4 {
        backend.create(&task(n), NOW).await.unwrap();
    }
    backend.put(&task(2).key, &seal(1), NOW).await.unwrap();
    let before = read(&backend, &left).await;
    bury(&backend, 0).await;
    for _ in 0..2 {
        assert_eq!(backend.claim(&holder, &worker(1), 10, later(TTL)).await.unwrap().taken(), []);
        backend.settle(&worker(0)).await.unwrap();
        assert_eq!(backend.buried().await.unwrap(), [worker(0)]);
    }
    assert_eq!(read(&backend, &left).await, before);
    assert!(backend.delete(&task(3).key).await.unwrap());
    let claimed = backend.claim(&holder, &worker(2), 10, NOW).await.unwrap().taken();
    assert_eq!(claimed.into_iter().map(|claimed| claimed.key).collect::<Vec<_>>(), [left]);
    backend.settle(&worker(0)).await.unwrap();
    assert_eq!(backend.buried().await.unwrap(), []);
}

/// Creates and claims that race a burial are refused, or found by who claims from the dead once the burial was answered.
pub async fn what_races_a_burial_is_refused_or_found(backend: Backend) {
    for round in 0..8 {
        let (dying, heir) = (worker(round), worker(200));
        let number = move |n: u32| u32::from(round) * 100 + n;
        backend.beat(&dying, PERIOD, NOW).await.unwrap();
        for n in 40..44 {
            let queued = NewTask { holder: Holder::Queue, ..task_of(number(n), number(n)) };
            backend.create(&queued, NOW).await.unwrap();
        }
        let found = race(&backend, 16, |backend, n| async move {
            if n == 8 {
                assert!(backend.bury(&dying, 1).await.unwrap());
                return backend.claim(&Holder::Worker(dying), &heir, 100, NOW).await.unwrap().taken().len();
            }
            if n % 4 == 0 {
                let claim = backend.claim(&Holder::Queue, &dying, 1, NOW).await.unwrap();
                return usize::from(claim == Claim::Buried) * 1000;
            }
            let new = NewTask { holder: Holder::Worker(dying), ..task_of(number(n), number(n)) };
            let created = backend.create(&new, NOW).await.unwrap();
            assert!(matches!(created, Create::Created | Create::Buried), "{created:?}");
            usize::from(created == Create::Buried) * 1000
        });
        let (refused, found) = found
            .await
            .into_iter()
            .fold((0, 0), |(refused, found), answer| (refused + answer / 1000, found + answer % 1000));
        assert_eq!(refused + found, 15, "{refused} were refused and {found} found");
        assert_eq!(backend.held(&Holder::Worker(dying), None, 100).await.unwrap(), []);
        for key in backend.held(&Holder::Queue, None, 100).await.unwrap() {
            backend.delete(&key).await.unwrap();
        }
        for key in backend.held(&Holder::Worker(heir), None, 100).await.unwrap() {
            assert!(backend.get(&key, Parts::empty(), NOW).await.unwrap().is_some_and(|task| task.fence >= 2));
            backend.delete(&key).await.unwrap();
        }
    }
}
