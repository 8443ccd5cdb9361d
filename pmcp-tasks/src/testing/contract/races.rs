//! Rules that hold when many write at once.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a case panics when the backend breaks the contract"
)]

use std::{collections::BTreeSet, sync::Arc};

use tokio::sync::Barrier;

use super::Backend;
use crate::{
    store::backend::{Beat, Create, Guard, Holder, HolderChange, Merged, NewTask, Put, Recorded, TaskKey, Written},
    testing::fixtures::{NOW, PERIOD, merge, put, read, seal, set, set_if, step, task, task_of, variables, worker},
};

/// Number of times a race is run whose window is short.
const ROUNDS: u32 = 25;

/// Runs `n` operations at once and returns what each answered.
pub(super) async fn race<T, F>(backend: &Backend, n: u32, operation: impl Fn(Backend, u32) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let start = Arc::new(Barrier::new(n as usize));
    let racers: Vec<_> = (0..n)
        .map(|n| {
            let (start, operation) = (start.clone(), operation(backend.clone(), n));
            tokio::spawn(async move {
                start.wait().await;
                operation.await
            })
        })
        .collect();
    let mut answers = Vec::new();
    for racer in racers {
        answers.push(racer.await.unwrap());
    }
    answers
}

/// Of fifty creates racing against a quota of five, five succeed.
pub async fn racing_creates_keep_the_quota(backend: Backend) {
    let answers =
        race(
            &backend,
            50,
            |backend, n| async move { backend.create(&NewTask { quota: 5, ..task(n) }, NOW).await.unwrap() },
        );
    let answers = answers.await;
    assert_eq!(answers.iter().filter(|answer| **answer == Create::Created).count(), 5, "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| **answer == Create::Full).count(), 45, "{answers:?}");
    assert_eq!(backend.held(&task(0).holder, None, 100).await.unwrap().len(), 5);
}

/// Of racing creates with one idempotency key one succeeds, and the others name its task.
pub async fn racing_creates_with_one_idempotency_key_make_one_task(backend: Backend) {
    let answers = race(&backend, 16, |backend, n| async move {
        let new = NewTask { idempotency: Some(([1; 32], [2; 32])), ..task(n) };
        (new.key.id, backend.create(&new, NOW).await.unwrap())
    });
    let answers = answers.await;
    let created: Vec<_> = answers.iter().filter(|(_, answer)| *answer == Create::Created).collect();
    let [(id, _)] = created.as_slice() else { panic!("{answers:?}") };
    assert_eq!(answers.iter().filter(|(_, answer)| *answer == Create::Same(*id)).count(), 15, "{answers:?}");
}

/// Of 32 racing writers of the head one wins; the others learn its version.
pub async fn of_racing_puts_one_wins(backend: Backend) {
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    let answers = race(&backend, 32, |backend, n| async move {
        let put = if n % 2 == 0 { put(1) } else { seal(1) };
        backend.put(&task(1).key, &put, NOW).await.unwrap()
    });
    let answers = answers.await;
    assert_eq!(answers.iter().filter(|answer| matches!(answer, Written::Done { .. })).count(), 1);
    let lost = answers.iter().filter(|answer| matches!(answer, Written::Conflict(task) if task.version == 2));
    assert_eq!(lost.count(), 31);
    assert_eq!(read(&backend, &new.key).await.unwrap().version, 2);
}

/// Of 64 merges of different fields at once all succeed.
pub async fn racing_merges_of_different_fields_all_succeed(backend: Backend) {
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    let answers = race(&backend, 64, |backend, n| async move {
        let merge = merge(Guard::Fence(1), [(format!("field{n}").as_str(), set("1"))]);
        backend.merge(&task(1).key, &merge, NOW).await.unwrap()
    });
    assert_eq!(answers.await, [const { Merged::Done }; 64]);
    assert_eq!(variables(&backend, &new.key).await.len(), 64);
}

/// Of merges racing the seal those answered `Done` are in the sealed task, and those answered `Lost` are not.
pub async fn merges_racing_the_seal_are_done_or_lost(backend: Backend) {
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    let answers = race(&backend, 33, |backend, n| async move {
        if n == 16 {
            let written = backend.put(&task(1).key, &Put { fence: Some(1), ..seal(1) }, NOW).await.unwrap();
            assert_eq!(written, Written::Done { version: 2, fence: 1 });
            return None;
        }
        let field = format!("field{n}");
        let merge = merge(Guard::Fence(1), [(field.as_str(), set("1"))]);
        Some((field, backend.merge(&task(1).key, &merge, NOW).await.unwrap()))
    });
    let mut done = BTreeSet::new();
    for (field, merged) in answers.await.into_iter().flatten() {
        match merged {
            Merged::Done => assert!(done.insert(field)),
            merged => assert_eq!(merged, Merged::Lost),
        }
    }
    let stored: BTreeSet<_> = variables(&backend, &new.key).await.into_iter().map(|(field, _)| field).collect();
    assert_eq!(stored, done);
}

/// Of merges under the old fence racing a claim those answered `Done` are in what the claim read.
pub async fn merges_racing_a_claim_are_read_by_it(backend: Backend) {
    backend.create(&task(1), NOW).await.unwrap();
    let answers = race(&backend, 33, |backend, n| async move {
        let field = format!("field{n}");
        if n == 16 {
            let claimed = backend.claim(&Holder::Worker(worker(0)), &worker(1), 1, NOW).await.unwrap().taken();
            let fields = claimed.into_iter().filter_map(|claimed| claimed.task.variables).flatten();
            return (fields.map(|(field, _)| field.to_string()).collect::<BTreeSet<_>>(), None);
        }
        let merge = merge(Guard::Fence(1), [(field.as_str(), set("1"))]);
        let merged = backend.merge(&task(1).key, &merge, NOW).await.unwrap();
        (BTreeSet::new(), Some((field, merged)))
    });
    let answers = answers.await;
    let seen: BTreeSet<_> = answers.iter().flat_map(|(fields, _)| fields.clone()).collect();
    for (field, merged) in answers.into_iter().filter_map(|(_, merge)| merge) {
        assert_eq!(merged, if seen.contains(&field) { Merged::Done } else { Merged::Lost }, "{field}");
    }
}

/// Of racing `SetIf`s of one field one succeeds.
pub async fn of_racing_set_ifs_one_succeeds(backend: Backend) {
    backend.create(&task(1), NOW).await.unwrap();
    let answers = race(&backend, 16, |backend, _| async move {
        let merge = merge(Guard::Open, [("a", set_if(None, "1"))]);
        backend.merge(&task(1).key, &merge, NOW).await.unwrap()
    });
    let answers = answers.await;
    assert_eq!(answers.iter().filter(|answer| **answer == Merged::Done).count(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| **answer == Merged::Changed("a".into())).count(), 15, "{answers:?}");
}

/// Of racing records of one step one is recorded, and the others return its value.
pub async fn of_racing_records_one_stands(backend: Backend) {
    let values = ["0", "1", "2", "3", "4", "5", "6", "7"];
    backend.create(&task(1), NOW).await.unwrap();
    let answers = race(&backend, 8, |backend, n| async move {
        let value = values[n as usize];
        (value, backend.record(&task(1).key, &step(1, "fetch", value), NOW).await.unwrap())
    });
    let answers = answers.await;
    let recorded: Vec<_> = answers.iter().filter(|(_, answer)| *answer == Recorded::Recorded).collect();
    let [(value, _)] = recorded.as_slice() else { panic!("{answers:?}") };
    assert_eq!(answers.iter().filter(|(_, answer)| *answer == Recorded::Exists((*value).into())).count(), 7);
}

/// Of racing claimers each task goes to one.
pub async fn of_racing_claims_each_task_goes_to_one(backend: Backend) {
    for n in 0..120 {
        backend.create(&NewTask { holder: Holder::Queue, ..task_of(n % 4, n) }, NOW).await.unwrap();
    }
    let answers = race(&backend, 8, |backend, n| async move {
        let mut keys = Vec::new();
        let me = worker(u8::try_from(n).unwrap());
        loop {
            let claimed = backend.claim(&Holder::Queue, &me, 15, NOW).await.unwrap().taken();
            if claimed.is_empty() {
                return keys;
            }
            for claimed in claimed {
                assert_eq!((claimed.task.fence, claimed.task.holder), (2, Some(Holder::Worker(me))));
                keys.push(claimed.key);
            }
        }
    });
    let keys = answers.await.concat();
    assert_eq!(keys.len(), 120);
    assert_eq!(keys.into_iter().collect::<BTreeSet<TaskKey>>().len(), 120);
}

/// A claim racing others, and writes that take the task elsewhere, leaves it with one holder.
pub async fn racing_holders_leave_one(backend: Backend) {
    for round in 0..ROUNDS {
        let new = NewTask { holder: Holder::Queue, ..task(round) };
        backend.create(&new, NOW).await.unwrap();
        let answers = race(&backend, 16, |backend, n| async move {
            let me = worker(u8::try_from(n).unwrap());
            if n % 4 != 0 {
                return backend.claim(&Holder::Queue, &me, 1, NOW).await.unwrap().taken().len();
            }
            let take = Put { holder: HolderChange::Take(me), ..put(1) };
            usize::from(matches!(backend.put(&task(round).key, &take, NOW).await.unwrap(), Written::Done { .. }))
        });
        assert_eq!(answers.await.into_iter().sum::<usize>(), 1);
        let mut holders = backend.held(&Holder::Queue, None, 10).await.unwrap().len();
        for n in 0..16 {
            holders += backend.held(&Holder::Worker(worker(n)), None, 10).await.unwrap().len();
        }
        assert_eq!(holders, 1);
        backend.put(&new.key, &seal(2), NOW).await.unwrap();
    }
}

/// Of racing callers who bury a worker at least one learns `true`, and the worker is dead.
pub async fn racing_burials_bury(backend: Backend) {
    backend.beat(&worker(1), PERIOD, NOW).await.unwrap();
    let answers = race(&backend, 8, |backend, _| async move { backend.bury(&worker(1), 1).await.unwrap() });
    assert!(answers.await.contains(&true));
    assert_eq!(backend.beat(&worker(1), PERIOD, NOW).await.unwrap(), Beat::Buried);
}

/// A worker that renews while others bury it is either alive with the higher counter or buried, never both.
pub async fn a_beat_racing_a_burial_has_one_outcome(backend: Backend) {
    for round in 0..ROUNDS {
        let worker = worker(u8::try_from(round).unwrap());
        backend.beat(&worker, PERIOD, NOW).await.unwrap();
        let answers = race(&backend, 8, |backend, n| async move {
            if n == 4 {
                return (backend.beat(&worker, PERIOD, NOW).await.unwrap() == Beat::Alive(2), false);
            }
            (false, backend.bury(&worker, 1).await.unwrap())
        });
        let answers = answers.await;
        let renewed = answers.iter().any(|(renewed, _)| *renewed);
        let buried = answers.iter().any(|(_, buried)| *buried);
        assert_ne!(renewed, buried);
        let alive = backend.workers().await.unwrap();
        assert_eq!(alive.iter().any(|alive| alive.id == worker), renewed);
    }
}
