//! Creating: versions, replays, quota, idempotency.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a case panics when the backend breaks the contract"
)]

use super::Backend;
use crate::{
    store::backend::{Create, Parts, Scope},
    testing::fixtures::{NOW, TTL, later, owner, put, read, seal, task, task_of, write},
};

/// The first version and fence are 1.
pub async fn first_version_and_fence_are_one(backend: Backend) {
    let new = task(1);
    assert_eq!(backend.create(&new, NOW).await.unwrap(), Create::Created);
    let stored = read(&backend, &new.key).await.unwrap();
    assert_eq!((stored.version, stored.fence), (1, 1));
}

/// A created task is read back as it was given.
pub async fn a_created_task_is_read_back_whole(backend: Backend) {
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    let stored = read(&backend, &new.key).await.unwrap();
    assert_eq!(stored.holder, Some(new.holder));
    assert!(stored.open);
    assert_eq!((stored.stamp, stored.expires), (new.stamp, new.expires));
    assert_eq!((stored.head, stored.body), (new.head, Some(new.body)));
    assert!(stored.variables.unwrap().is_empty());
    assert!(stored.steps.unwrap().is_empty());
    assert_eq!(stored.outcome, None);
    assert_eq!(backend.held(&new.holder, None, 10).await.unwrap(), [new.key]);
}

/// The same create again is `Replayed`, also after others wrote the task, and changes nothing.
pub async fn the_same_create_again_is_replayed(backend: Backend) {
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    assert_eq!(backend.create(&new, NOW).await.unwrap(), Create::Replayed);
    backend.put(&new.key, &put(1), NOW).await.unwrap();
    let before = read(&backend, &new.key).await;
    assert_eq!(backend.create(&new, NOW).await.unwrap(), Create::Replayed);
    assert_eq!(read(&backend, &new.key).await, before);
}

/// The same create again is `Replayed` although its own task fills the quota.
pub async fn the_same_create_again_is_replayed_at_a_full_quota(backend: Backend) {
    let mut new = task(1);
    new.quota = 1;
    assert_eq!(backend.create(&new, NOW).await.unwrap(), Create::Created);
    assert_eq!(backend.create(&new, NOW).await.unwrap(), Create::Replayed);
}

/// The same create again is `Replayed`, not `Same`, when it has an idempotency key.
pub async fn the_same_create_with_an_idempotency_key_is_replayed(backend: Backend) {
    let mut new = task(1);
    new.idempotency = Some(([1; 32], [2; 32]));
    assert_eq!(backend.create(&new, NOW).await.unwrap(), Create::Created);
    assert_eq!(backend.create(&new, NOW).await.unwrap(), Create::Replayed);
}

/// At a full quota a create is `Full` and leaves no trace.
pub async fn a_full_quota_refuses_without_a_trace(backend: Backend) {
    for n in 0..3 {
        let mut new = task(n);
        new.quota = 3;
        assert_eq!(backend.create(&new, NOW).await.unwrap(), Create::Created);
    }
    let mut refused = task(3);
    refused.quota = 3;
    refused.idempotency = Some(([1; 32], [2; 32]));
    assert_eq!(backend.create(&refused, NOW).await.unwrap(), Create::Full);
    assert_eq!(read(&backend, &refused.key).await, None);
    assert_eq!(backend.held(&refused.holder, None, 10).await.unwrap().len(), 3);
    let page = backend.page(&Scope(owner(0)), None, 10, NOW).await.unwrap();
    assert_eq!(page.tasks.len(), 3);
    refused.quota = 4;
    refused.idempotency = Some(([1; 32], [3; 32]));
    assert_eq!(backend.create(&refused, NOW).await.unwrap(), Create::Created);
}

/// The quota is what the create says, not what an earlier one said; 0 admits nothing.
pub async fn the_quota_is_a_parameter(backend: Backend) {
    for (n, quota, answer) in [
        (0, 0, Create::Full),
        (1, 1, Create::Created),
        (2, 1, Create::Full),
        (3, 2, Create::Created),
        (4, 1, Create::Full),
    ] {
        let mut new = task(n);
        new.quota = quota;
        assert_eq!(backend.create(&new, NOW).await.unwrap(), answer, "task {n}");
    }
}

/// An expired task frees its place though nothing swept; the others keep theirs.
pub async fn an_expired_task_frees_its_place(backend: Backend) {
    for n in 0..2 {
        let mut new = task(n);
        new.expires = later(TTL + u64::from(n));
        backend.create(&new, NOW).await.unwrap();
    }
    let mut next = task(2);
    (next.quota, next.expires) = (2, later(2 * TTL));
    assert_eq!(backend.create(&next, later(TTL - 1)).await.unwrap(), Create::Full);
    assert_eq!(backend.create(&next, later(TTL)).await.unwrap(), Create::Created);
    let mut last = task(3);
    (last.quota, last.expires) = (2, later(2 * TTL));
    assert_eq!(backend.create(&last, later(TTL)).await.unwrap(), Create::Full);
}

/// A sealed task frees its place.
pub async fn a_sealed_task_frees_its_place(backend: Backend) {
    let (mut first, mut second, mut third) = (task(1), task(2), task(3));
    (first.quota, second.quota, third.quota) = (1, 1, 1);
    backend.create(&first, NOW).await.unwrap();
    assert_eq!(backend.create(&second, NOW).await.unwrap(), Create::Full);
    backend.put(&first.key, &seal(1), NOW).await.unwrap();
    assert_eq!(backend.create(&second, NOW).await.unwrap(), Create::Created);
    assert_eq!(backend.create(&third, NOW).await.unwrap(), Create::Full);
}

/// A deleted task frees its place.
pub async fn a_deleted_task_frees_its_place(backend: Backend) {
    let (mut first, mut second) = (task(1), task(2));
    (first.quota, second.quota) = (1, 1);
    backend.create(&first, NOW).await.unwrap();
    assert!(backend.delete(&first.key).await.unwrap());
    assert_eq!(backend.create(&second, NOW).await.unwrap(), Create::Created);
}

/// Tasks of one owner take no place of another's.
pub async fn each_owner_has_a_quota(backend: Backend) {
    for whose in 0..3 {
        let mut new = task_of(whose, whose);
        new.quota = 1;
        assert_eq!(backend.create(&new, NOW).await.unwrap(), Create::Created, "owner {whose}");
    }
}

/// The same idempotency key and payload give `Same` and create nothing, at a full quota too.
pub async fn an_idempotency_key_gives_the_same_task(backend: Backend) {
    let (mut first, mut second) = (task(1), task(2));
    (first.quota, second.quota) = (1, 1);
    first.idempotency = Some(([1; 32], [2; 32]));
    second.idempotency = first.idempotency;
    backend.create(&first, NOW).await.unwrap();
    assert_eq!(backend.create(&second, NOW).await.unwrap(), Create::Same(first.key.id));
    assert_eq!(read(&backend, &second.key).await, None);
    backend.put(&first.key, &seal(1), NOW).await.unwrap();
    assert_eq!(backend.create(&second, NOW).await.unwrap(), Create::Same(first.key.id), "after the end of the task");
}

/// The same idempotency key with another payload is `Differs`.
pub async fn an_idempotency_key_with_another_payload_differs(backend: Backend) {
    let (mut first, mut second) = (task(1), task(2));
    first.idempotency = Some(([1; 32], [2; 32]));
    second.idempotency = Some(([1; 32], [3; 32]));
    backend.create(&first, NOW).await.unwrap();
    assert_eq!(backend.create(&second, NOW).await.unwrap(), Create::Differs);
    assert_eq!(read(&backend, &second.key).await, None);
    second.idempotency = Some(([4; 32], [3; 32]));
    assert_eq!(backend.create(&second, NOW).await.unwrap(), Create::Created);
}

/// Another owner's idempotency key is another key.
pub async fn an_idempotency_key_belongs_to_its_owner(backend: Backend) {
    for whose in 0..2 {
        let mut new = task_of(whose, whose);
        new.idempotency = Some(([1; 32], [2; 32]));
        assert_eq!(backend.create(&new, NOW).await.unwrap(), Create::Created, "owner {whose}");
    }
}

/// An idempotency entry whose task has expired is no entry, and its key can stand for another task.
pub async fn an_idempotency_key_expires_with_its_task(backend: Backend) {
    let (mut first, mut second, mut third) = (task(1), task(2), task(3));
    first.idempotency = Some(([1; 32], [2; 32]));
    second.idempotency = Some(([1; 32], [3; 32]));
    third.idempotency = second.idempotency;
    second.expires = later(2 * TTL);
    backend.create(&first, NOW).await.unwrap();
    assert_eq!(backend.create(&second, later(TTL - 1)).await.unwrap(), Create::Differs);
    assert_eq!(backend.create(&second, later(TTL)).await.unwrap(), Create::Created);
    // Whatever removes the expired task must leave the new entry.
    backend.delete(&first.key).await.unwrap();
    assert_eq!(backend.create(&third, later(TTL)).await.unwrap(), Create::Same(second.key.id));
}

/// An idempotency key goes with its deleted task.
pub async fn an_idempotency_key_goes_with_a_deleted_task(backend: Backend) {
    let (mut first, mut second) = (task(1), task(2));
    first.idempotency = Some(([1; 32], [2; 32]));
    second.idempotency = Some(([1; 32], [3; 32]));
    backend.create(&first, NOW).await.unwrap();
    backend.delete(&first.key).await.unwrap();
    assert_eq!(backend.create(&second, NOW).await.unwrap(), Create::Created);
}

/// A deleted and recreated key starts at version 1, without the parts and the write ids of its predecessor.
pub async fn a_recreated_key_starts_at_version_one(backend: Backend) {
    let mut new = task(1);
    let earlier = put(1);
    backend.create(&new, NOW).await.unwrap();
    backend.put(&new.key, &earlier, NOW).await.unwrap();
    backend.put(&new.key, &seal(2), NOW).await.unwrap();
    assert!(backend.delete(&new.key).await.unwrap());
    new.write = write();
    assert_eq!(backend.create(&new, NOW).await.unwrap(), Create::Created);
    let stored = backend.get(&new.key, Parts::all(), NOW).await.unwrap().unwrap();
    assert_eq!((stored.version, stored.fence, stored.open, stored.outcome), (1, 1, true, None));
    super::assert_conflict(&backend.put(&new.key, &put(2), NOW).await.unwrap(), 1);
    super::assert_done(&backend.put(&new.key, &earlier, NOW).await.unwrap(), 2, 1);
}
