//! Bytes an owner's tasks may take: what counts, what makes room, who goes first.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a case panics when the backend breaks the contract"
)]

use bytes::Bytes;

use super::{Backend, races::race};
use crate::{
    store::backend::{Create, FieldOp, Guard, Merged, NewTask, Parts, Put, Recorded, Scope, TASK_BYTES},
    testing::fixtures::{NOW, TTL, later, merge, owner, put, read, seal, set, step, task, task_of},
    time::Millis,
};

/// Bytes each of [`sealed`] takes, if not told otherwise.
const EACH: u64 = 2 * TASK_BYTES;

/// Creates task `n` of an owner and seals it; it takes [`EACH`] bytes.
async fn sealed(backend: &Backend, whose: u32, n: u32, now: Millis) -> NewTask {
    let new = task_of(whose, n);
    assert_eq!(backend.create(&new, NOW).await.unwrap(), Create::Created);
    end(backend, &new, now).await;
    new
}

/// Seals a task, which takes [`EACH`] bytes then.
async fn end(backend: &Backend, new: &NewTask, now: Millis) {
    let taken = TASK_BYTES + (seal(1).head.len() + new.body.len()) as u64;
    let outcome = Bytes::from(vec![b'7'; usize::try_from(EACH - taken).unwrap()]);
    backend.put(&new.key, &Put { outcome: Some(outcome), ..seal(1) }, now).await.unwrap();
}

/// Creates a task that fits if the others of its owner take at most so many bytes.
async fn beside(backend: &Backend, n: u32, others: u64) -> Create {
    let new = task(n);
    backend.create(&NewTask { max_bytes: others + new.bytes(), ..new }, NOW).await.unwrap()
}

/// Those of these tasks of owner 0 that are there.
async fn left(backend: &Backend, of: &[u32]) -> Vec<u32> {
    let mut left = Vec::new();
    for n in of {
        if read(backend, &task(*n).key).await.is_some() {
            left.push(*n);
        }
    }
    left
}

/// Sealed tasks make room for a new one, those sealed first, then the lower id, and no more of them than it takes.
pub async fn tasks_sealed_first_make_room(backend: Backend) {
    for (n, sealed_at) in [(1, 4), (2, 1), (3, 2), (4, 2), (5, 3)] {
        sealed(&backend, 0, n, later(sealed_at)).await;
    }
    assert_eq!(beside(&backend, 10, 5 * EACH).await, Create::Created);
    assert_eq!(left(&backend, &[1, 2, 3, 4, 5]).await, [1, 2, 3, 4, 5]);
    assert!(backend.delete(&task(10).key).await.unwrap());
    assert_eq!(beside(&backend, 11, 5 * EACH - 1).await, Create::Created);
    assert_eq!(left(&backend, &[1, 2, 3, 4, 5, 11]).await, [1, 3, 4, 5, 11]);
    assert!(backend.delete(&task(11).key).await.unwrap());
    assert_eq!(beside(&backend, 12, 3 * EACH).await, Create::Created);
    assert_eq!(left(&backend, &[1, 3, 4, 5, 12]).await, [1, 4, 5, 12]);
    assert!(backend.delete(&task(12).key).await.unwrap());
    assert_eq!(beside(&backend, 13, EACH).await, Create::Created);
    assert_eq!(left(&backend, &[1, 4, 5, 13]).await, [1, 13]);
}

/// Of a task that made room nothing is left: not in lists, not under its idempotency key.
pub async fn nothing_is_left_of_a_task_that_made_room(backend: Backend) {
    let mut first = task(1);
    first.idempotency = Some(([1; 32], [2; 32]));
    backend.create(&first, NOW).await.unwrap();
    backend.put(&first.key, &seal(1), NOW).await.unwrap();
    assert_eq!(beside(&backend, 2, 0).await, Create::Created);
    assert_eq!(left(&backend, &[1, 2]).await, [2]);
    assert!(!backend.delete(&first.key).await.unwrap());
    let page = backend.page(&Scope(owner(0)), None, 10, NOW).await.unwrap();
    assert_eq!(page.tasks.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>(), [task(2).key]);
    let again = NewTask { idempotency: first.idempotency, ..task(3) };
    assert_eq!(backend.create(&again, NOW).await.unwrap(), Create::Created);
}

/// A sealing write makes room as a create does, with what its task was created with; what was sealed before it goes.
pub async fn a_sealing_write_makes_room(backend: Backend) {
    for n in 1..=3 {
        backend.create(&NewTask { max_bytes: 2 * EACH, ..task(n) }, NOW).await.unwrap();
    }
    end(&backend, &task(1), later(1)).await;
    assert_eq!(left(&backend, &[1, 2, 3]).await, [1, 2, 3], "no other is sealed");
    end(&backend, &task(2), later(2)).await;
    assert_eq!(left(&backend, &[1, 2, 3]).await, [2, 3]);
    end(&backend, &task(3), later(3)).await;
    assert_eq!(left(&backend, &[1, 2, 3]).await, [2, 3], "both fit");
}

/// A sealing write that takes more than all may leaves its own task, and the live ones.
pub async fn a_sealed_task_is_kept_whatever_it_takes(backend: Backend) {
    backend.create(&task(1), NOW).await.unwrap();
    let new = NewTask { max_bytes: task(1).bytes() + task(2).bytes(), ..task(2) };
    backend.create(&new, NOW).await.unwrap();
    let outcome = Some(Bytes::from(vec![b'7'; 10_000]));
    backend.put(&new.key, &Put { outcome: outcome.clone(), ..seal(1) }, NOW).await.unwrap();
    assert_eq!(left(&backend, &[1, 2]).await, [1, 2]);
    assert_eq!(read(&backend, &new.key).await.unwrap().outcome, outcome);
}

/// Where the live tasks alone leave no room a create is `NoRoom` and leaves no trace: what is sealed stays.
pub async fn live_tasks_that_leave_no_room_refuse_without_a_trace(backend: Backend) {
    let live = task(1);
    backend.create(&live, NOW).await.unwrap();
    sealed(&backend, 0, 2, NOW).await;
    let refused = NewTask { idempotency: Some(([1; 32], [2; 32])), ..task(3) };
    let refused = NewTask { max_bytes: live.bytes() + refused.bytes() - 1, ..refused };
    assert_eq!(backend.create(&refused, NOW).await.unwrap(), Create::NoRoom);
    assert_eq!(left(&backend, &[1, 2, 3]).await, [1, 2]);
    assert_eq!(backend.held(&refused.holder, None, 10).await.unwrap(), [live.key]);
    let fitting = NewTask { max_bytes: refused.max_bytes + 1, idempotency: Some(([1; 32], [3; 32])), ..refused };
    assert_eq!(backend.create(&fitting, NOW).await.unwrap(), Create::Created);
    assert_eq!(left(&backend, &[1, 2, 3]).await, [1, 3]);
}

/// A task that takes more than all may is `NoRoom`, though there is no other.
pub async fn a_task_larger_than_the_room_is_refused(backend: Backend) {
    let new = task(1);
    let small = NewTask { max_bytes: new.bytes() - 1, ..new.clone() };
    assert_eq!(backend.create(&small, NOW).await.unwrap(), Create::NoRoom);
    assert_eq!(backend.create(&NewTask { max_bytes: new.bytes(), ..new }, NOW).await.unwrap(), Create::Created);
}

/// Head, body, outcome, and names and values of variables and steps count as they are now, and nothing twice.
pub async fn every_part_takes_room(backend: Backend) {
    let mut new = task(1);
    new.body = Bytes::from(vec![b'7'; 5000]);
    backend.create(&new, NOW).await.unwrap();
    let mut taken = TASK_BYTES + (new.head.len() + 5000) as u64;
    let mut n = 10;
    // A probe that would fit in one byte less would have to be refused, while the task lives.
    let check = async |taken: u64, n: &mut u32| {
        *n += 1;
        assert_eq!(beside(&backend, *n, taken - 1).await, Create::NoRoom, "{taken} bytes are taken");
        assert_eq!(beside(&backend, *n, taken).await, Create::Created, "{taken} bytes are taken");
        assert!(backend.delete(&task(*n).key).await.unwrap());
    };
    check(taken, &mut n).await;

    let (name, long) = ("näme\0", Bytes::from(vec![b'8'; 3000]));
    let variables = merge(Guard::Fence(1), [("a", set("1")), (name, FieldOp::Set(long))]);
    assert_eq!(backend.merge(&new.key, &variables, NOW).await.unwrap(), Merged::Done);
    assert_eq!(backend.merge(&new.key, &variables, NOW).await.unwrap(), Merged::Replayed);
    taken += 2 + 6 + 3000;
    check(taken, &mut n).await;
    let smaller = merge(Guard::Open, [("a", FieldOp::Remove), (name, set("12"))]);
    assert_eq!(backend.merge(&new.key, &smaller, NOW).await.unwrap(), Merged::Done);
    taken = taken - 2 - 2998;
    check(taken, &mut n).await;

    for _ in 0..2 {
        backend.record(&new.key, &step(1, "fétch\0", "value"), NOW).await.unwrap();
    }
    assert_eq!(backend.record(&new.key, &step(2, "late", "value"), NOW).await.unwrap(), Recorded::Lost);
    taken += 7 + 5;
    check(taken, &mut n).await;

    let step = |name: &str| Some((name.to_owned(), Bytes::from_static(b"12")));
    let progress = Put { head: Bytes::from(vec![b'9'; 900]), step: step("with\0"), ..put(1) };
    for _ in 0..2 {
        backend.put(&new.key, &progress, NOW).await.unwrap();
    }
    taken = taken + 900 - new.head.len() as u64 + 5 + 2;
    check(taken, &mut n).await;
    let known = Put { step: step("fétch\0"), head: Bytes::from(vec![b'9'; 900]), ..put(2) };
    backend.put(&new.key, &known, NOW).await.unwrap();
    check(taken, &mut n).await;

    let ending = Put { outcome: Some(Bytes::from(vec![b'0'; 4000])), head: Bytes::from_static(b"end"), ..seal(3) };
    let ending = Put { step: step("last"), ..ending };
    for _ in 0..2 {
        backend.put(&new.key, &ending, NOW).await.unwrap();
    }
    taken = taken + 3 + 4000 - 900 + 4 + 2;
    assert_eq!(beside(&backend, 2, taken).await, Create::Created);
    assert_eq!(left(&backend, &[1]).await, [1]);
    assert!(backend.delete(&task(2).key).await.unwrap());
    assert_eq!(beside(&backend, 3, taken - 1).await, Create::Created);
    assert_eq!(left(&backend, &[1]).await, [0; 0]);
    assert_eq!(beside(&backend, 4, task(3).bytes()).await, Create::Created, "what is gone takes nothing");
}

/// An expired task takes nothing though nothing swept, live or sealed; a deleted one neither.
pub async fn expired_and_deleted_tasks_take_no_room(backend: Backend) {
    let live = task(1);
    backend.create(&live, NOW).await.unwrap();
    sealed(&backend, 0, 2, NOW).await;
    let mut next = task(3);
    (next.expires, next.max_bytes) = (later(2 * TTL), next.bytes());
    assert_eq!(backend.create(&next, later(TTL - 1)).await.unwrap(), Create::NoRoom);
    assert_eq!(backend.create(&next, later(TTL)).await.unwrap(), Create::Created);
    let mut last = task(4);
    (last.expires, last.max_bytes) = (later(2 * TTL), last.bytes());
    assert_eq!(backend.create(&last, later(TTL)).await.unwrap(), Create::NoRoom);
    assert!(backend.delete(&next.key).await.unwrap());
    assert_eq!(backend.create(&last, later(TTL)).await.unwrap(), Create::Created);
}

/// A task that is created again after it has expired takes the place of the one it was, not that of others.
pub async fn a_task_created_anew_takes_its_own_room(backend: Backend) {
    let kept = NewTask { expires: later(3 * TTL), ..task(1) };
    assert_eq!(backend.create(&kept, NOW).await.unwrap(), Create::Created);
    end(&backend, &kept, NOW).await;
    let mut again = sealed(&backend, 0, 2, later(1)).await;
    (again.expires, again.max_bytes) = (later(2 * TTL), EACH + again.bytes());
    assert_eq!(backend.create(&again, later(TTL)).await.unwrap(), Create::Created);
    assert!(backend.get(&kept.key, Parts::empty(), later(TTL)).await.unwrap().is_some());
}

/// What one owner stores takes no room of another's, and removes nothing of his.
pub async fn each_owner_has_room(backend: Backend) {
    let first = sealed(&backend, 1, 1, NOW).await;
    for n in 10..30 {
        let new = task(n);
        let fitting = NewTask { max_bytes: 3 * EACH, ..new.clone() };
        assert_eq!(backend.create(&fitting, NOW).await.unwrap(), Create::Created, "task {n}");
        backend.put(&new.key, &seal(1), later(u64::from(n))).await.unwrap();
    }
    assert!(backend.get(&first.key, Parts::OUTCOME, NOW).await.unwrap().unwrap().outcome.is_some());
    let other = task_of(1, 2);
    let fitting = NewTask { max_bytes: EACH + other.bytes(), ..other };
    assert_eq!(backend.create(&fitting, NOW).await.unwrap(), Create::Created);
    assert!(backend.get(&first.key, Parts::OUTCOME, NOW).await.unwrap().is_some());
}

/// The same create again, and one whose idempotency key stands for a task, need no room and remove nothing.
pub async fn a_repeat_needs_no_room(backend: Backend) {
    let mut first = task(1);
    (first.idempotency, first.max_bytes) = (Some(([1; 32], [2; 32])), first.bytes());
    assert_eq!(backend.create(&first, NOW).await.unwrap(), Create::Created);
    assert_eq!(backend.create(&first, NOW).await.unwrap(), Create::Replayed);
    let same = NewTask { idempotency: first.idempotency, max_bytes: 0, ..task(2) };
    assert_eq!(backend.create(&same, NOW).await.unwrap(), Create::Same(first.key.id));
    backend.put(&first.key, &seal(1), NOW).await.unwrap();
    assert_eq!(backend.create(&first, NOW).await.unwrap(), Create::Replayed);
    assert_eq!(backend.create(&same, NOW).await.unwrap(), Create::Same(first.key.id));
}

/// Of creates racing for room for five, five succeed.
pub async fn racing_creates_keep_to_the_room(backend: Backend) {
    sealed(&backend, 0, 90, NOW).await;
    let answers = race(&backend, 40, |backend, n| async move {
        let new = task(10 + n);
        backend.create(&NewTask { max_bytes: 5 * new.bytes(), ..new }, NOW).await.unwrap()
    });
    let answers = answers.await;
    assert_eq!(answers.iter().filter(|answer| **answer == Create::Created).count(), 5, "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| **answer == Create::NoRoom).count(), 35, "{answers:?}");
    assert_eq!(backend.held(&task(0).holder, None, 100).await.unwrap().len(), 5);
}
