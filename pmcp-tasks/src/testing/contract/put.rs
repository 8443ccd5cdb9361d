//! Writing the head: versions, fences, replays, the seal, the holder.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a case panics when the backend breaks the contract"
)]

use super::{Backend, assert_conflict, assert_done};
use crate::{
    error::StoreError,
    store::backend::{Guard, Holder, HolderChange, Merged, Parts, Put, Recorded, StoredTask, Written},
    testing::fixtures::{NOW, PERIOD, merge, put, read, seal, set, step, task, worker},
};

/// The current version is accepted and rises by one; the head is the new one.
pub async fn the_current_version_is_accepted(backend: Backend) {
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    for version in 1..=3 {
        let put = put(version);
        assert_done(&backend.put(&new.key, &put, NOW).await.unwrap(), version + 1, 1);
        let stored = read(&backend, &new.key).await.unwrap();
        assert_eq!((stored.version, stored.head), (version + 1, put.head));
    }
}

/// A stale version conflicts, reports the actual task and writes nothing; so does one that never was.
pub async fn stale_version_is_rejected(backend: Backend) {
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    backend.put(&new.key, &put(1), NOW).await.unwrap();
    let actual = backend.get(&new.key, Parts::empty(), NOW).await.unwrap().unwrap();
    for version in [1, 3, 0] {
        for put in [put(version), seal(version)] {
            assert_eq!(backend.put(&new.key, &put, NOW).await.unwrap(), Written::Conflict(actual.clone()));
        }
    }
    assert_eq!(backend.get(&new.key, Parts::empty(), NOW).await.unwrap(), Some(actual));
}

/// A fence that is not the current one conflicts though the version matches; the current one is accepted.
pub async fn stale_fence_is_rejected(backend: Backend) {
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    for fence in [0, 2] {
        assert_conflict(&backend.put(&new.key, &Put { fence: Some(fence), ..put(1) }, NOW).await.unwrap(), 1);
    }
    assert_done(&backend.put(&new.key, &Put { fence: Some(1), ..put(1) }, NOW).await.unwrap(), 2, 1);
}

/// A write without a fence needs the version only, whatever the fence is.
pub async fn without_a_fence_the_version_decides(backend: Backend) {
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    backend.put(&new.key, &Put { holder: HolderChange::Take(worker(1)), ..put(1) }, NOW).await.unwrap();
    assert_done(&backend.put(&new.key, &put(2), NOW).await.unwrap(), 3, 2);
}

/// The same put again is `Replayed` with the task as it is now.
pub async fn the_same_put_again_is_replayed(backend: Backend) {
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    let first = put(1);
    backend.put(&new.key, &first, NOW).await.unwrap();
    backend.put(&new.key, &put(2), NOW).await.unwrap();
    let actual = backend.get(&new.key, Parts::empty(), NOW).await.unwrap().unwrap();
    assert_eq!(backend.put(&new.key, &first, NOW).await.unwrap(), Written::Replayed(actual.clone()));
    assert_eq!(backend.get(&new.key, Parts::empty(), NOW).await.unwrap(), Some(actual));
}

/// The last eight writes of the head are recognised.
pub async fn the_last_eight_puts_are_recognised(backend: Backend) {
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    let puts: Vec<_> = (1..=12).map(put).collect();
    for put in &puts {
        assert_done(&backend.put(&new.key, put, NOW).await.unwrap(), put.version + 1, 1);
    }
    for put in &puts[4..] {
        let written = backend.put(&new.key, put, NOW).await.unwrap();
        assert!(matches!(&written, Written::Replayed(task) if task.version == 13), "{written:?}");
    }
}

/// A refused write is not remembered: repeated with the right version it is applied.
pub async fn a_rejected_put_is_not_remembered(backend: Backend) {
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    let mut early = put(2);
    assert_conflict(&backend.put(&new.key, &early, NOW).await.unwrap(), 1);
    early.version = 1;
    assert_done(&backend.put(&new.key, &early, NOW).await.unwrap(), 2, 1);
}

/// A sealing write stores the outcome with the head and leaves the holder's set, whatever it says of the holder.
pub async fn a_sealing_put_ends_the_task(backend: Backend) {
    for (n, holder) in [(1, HolderChange::Release), (2, HolderChange::Keep)] {
        let new = task(n);
        backend.create(&new, NOW).await.unwrap();
        let end = Put { holder, fence: Some(1), ..seal(1) };
        assert_done(&backend.put(&new.key, &end, NOW).await.unwrap(), 2, 1);
        let stored = read(&backend, &new.key).await.unwrap();
        assert_eq!((stored.open, stored.holder), (false, None));
        assert_eq!((stored.head, stored.outcome), (end.head, end.outcome));
        assert_eq!(backend.held(&new.holder, None, 10).await.unwrap(), []);
    }
}

/// A sealed task never changes: every later write conflicts or is lost.
pub async fn nothing_changes_a_sealed_task(backend: Backend) {
    let new = task(1);
    let key = &new.key;
    backend.create(&new, NOW).await.unwrap();
    backend.put(key, &seal(1), NOW).await.unwrap();
    let before = read(&backend, key).await;
    for late in [put(2), seal(2), Put { holder: HolderChange::Take(worker(1)), ..put(2) }, put(1)] {
        assert_conflict(&backend.put(key, &late, NOW).await.unwrap(), 2);
    }
    for guard in [Guard::Open, Guard::Fence(1)] {
        assert_eq!(backend.merge(key, &merge(guard, [("a", set("1"))]), NOW).await.unwrap(), Merged::Lost);
    }
    assert_eq!(backend.record(key, &step(1, "fetch", "1"), NOW).await.unwrap(), Recorded::Lost);
    assert_eq!(read(&backend, key).await, before);
    assert_eq!(backend.held(&Holder::Worker(worker(1)), None, 10).await.unwrap(), []);
}

/// The same seal again is `Replayed`, not a conflict.
pub async fn the_same_seal_again_is_replayed(backend: Backend) {
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    let end = Put { fence: Some(1), ..seal(1) };
    backend.put(&new.key, &end, NOW).await.unwrap();
    let written = backend.put(&new.key, &end, NOW).await.unwrap();
    assert!(matches!(&written, Written::Replayed(StoredTask { version: 2, open: false, .. })), "{written:?}");
}

/// `Take` and `Queue` move the task and raise the fence; `Keep` and `Release` leave the fence.
pub async fn a_new_holder_raises_the_fence(backend: Backend) {
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    let (first, second) = (Holder::Worker(worker(0)), Holder::Worker(worker(1)));
    let changes = [
        (HolderChange::Keep, 1, Some(first)),
        (HolderChange::Take(worker(1)), 2, Some(second)),
        (HolderChange::Take(worker(1)), 3, Some(second)),
        (HolderChange::Queue, 4, Some(Holder::Queue)),
        (HolderChange::Take(worker(0)), 5, Some(first)),
        (HolderChange::Release, 5, None),
        (HolderChange::Keep, 5, None),
        (HolderChange::Queue, 6, Some(Holder::Queue)),
    ];
    for (version, (change, fence, holder)) in (1..).zip(changes) {
        let written = backend.put(&new.key, &Put { holder: change, ..put(version) }, NOW).await.unwrap();
        assert_done(&written, version + 1, fence);
        let stored = read(&backend, &new.key).await.unwrap();
        assert_eq!((stored.fence, stored.holder), (fence, holder), "{change:?}");
        for by in [first, second, Holder::Queue] {
            let held = backend.held(&by, None, 10).await.unwrap();
            assert_eq!(held.len(), usize::from(holder == Some(by)), "{change:?}, held by {by:?}");
        }
    }
}

/// A step that comes with the head is recorded in that write, and is there with it, in a sealed task too.
pub async fn a_step_is_recorded_with_the_head(backend: Backend) {
    for (n, open) in [(1, true), (2, false)] {
        let new = task(n);
        backend.create(&new, NOW).await.unwrap();
        backend.record(&new.key, &step(1, "first", "1"), NOW).await.unwrap();
        let plain = if open { put(1) } else { seal(1) };
        let write = Put { fence: Some(1), step: Some(("run:2".to_owned(), "2".into())), ..plain };
        assert_done(&backend.put(&new.key, &write, NOW).await.unwrap(), 2, 1);
        let stored = read(&backend, &new.key).await.unwrap();
        assert_eq!((stored.head, stored.outcome, stored.open), (write.head.clone(), write.outcome.clone(), open));
        assert_eq!(stored.steps.unwrap(), [("first".to_owned(), "1".into()), ("run:2".to_owned(), "2".into())].into());
        let again = backend.put(&new.key, &write, NOW).await.unwrap();
        assert!(matches!(again, Written::Replayed(_)), "{again:?}");
    }
}

/// Of a step that was recorded before the first value stands; the head is written all the same.
pub async fn the_first_value_of_a_step_stands_in_a_write_of_the_head(backend: Backend) {
    for (n, open) in [(1, true), (2, false)] {
        let new = task(n);
        backend.create(&new, NOW).await.unwrap();
        let with = |version, value: &'static str| Put { step: Some(("s".to_owned(), value.into())), ..put(version) };
        assert_done(&backend.put(&new.key, &with(1, "first"), NOW).await.unwrap(), 2, 1);
        let end = Put { step: Some(("s".to_owned(), "second".into())), ..if open { put(2) } else { seal(2) } };
        assert_done(&backend.put(&new.key, &end, NOW).await.unwrap(), 3, 1);
        let stored = read(&backend, &new.key).await.unwrap();
        assert_eq!((stored.head, stored.open), (end.head, open));
        assert_eq!(stored.steps.unwrap(), [("s".to_owned(), "first".into())].into());
        let recorded = backend.record(&new.key, &step(1, "s", "third"), NOW).await.unwrap();
        assert_eq!(recorded, if open { Recorded::Exists("first".into()) } else { Recorded::Lost });
    }
}

/// A write of the head that is refused records no step.
pub async fn a_refused_put_records_no_step(backend: Backend) {
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    let step = Some(("s".to_owned(), "1".into()));
    for refused in [
        Put { step: step.clone(), ..put(2) },
        Put { step: step.clone(), fence: Some(2), ..put(1) },
        Put { step: step.clone(), fence: Some(2), ..seal(1) },
        Put { step: step.clone(), ..seal(2) },
    ] {
        assert_conflict(&backend.put(&new.key, &refused, NOW).await.unwrap(), 1);
    }
    backend.beat(&worker(1), PERIOD, NOW).await.unwrap();
    assert!(backend.bury(&worker(1), 1).await.unwrap());
    let take = Put { step: step.clone(), holder: HolderChange::Take(worker(1)), ..put(1) };
    assert_eq!(backend.put(&new.key, &take, NOW).await.unwrap(), Written::Buried);
    assert_eq!(read(&backend, &new.key).await.unwrap().steps, Some([].into()));
    // It is no obstacle to the write that is accepted.
    let taken = Put { step, holder: HolderChange::Take(worker(2)), ..put(1) };
    assert_done(&backend.put(&new.key, &taken, NOW).await.unwrap(), 2, 2);
    assert_eq!(read(&backend, &new.key).await.unwrap().steps, Some([("s".to_owned(), "1".into())].into()));
}

/// A step in a write of the head is a part: one that is too large is refused, and nothing is written.
pub async fn an_oversize_step_in_a_put_leaves_no_trace(backend: Backend) {
    let max = backend.capabilities().max_part as usize;
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    let before = read(&backend, &new.key).await;
    let large = Put { step: Some(("s".to_owned(), vec![b'1'; max + 1].into())), ..put(1) };
    let refused = backend.put(&new.key, &large, NOW).await;
    assert!(matches!(refused, Err(StoreError::TooLarge { .. })), "{refused:?}");
    assert_eq!(read(&backend, &new.key).await, before);
}
