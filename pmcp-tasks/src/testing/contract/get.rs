//! Reading: what is missing, what comes along, what values survive.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a case panics when the backend breaks the contract"
)]

use std::sync::Arc;

use bytes::Bytes;

use super::Backend;
use crate::{
    store::{
        StorageBackend,
        backend::{Beat, Create, Guard, Holder, Merged, Parts, Recorded, Scope, TaskKey, Written},
    },
    testing::fixtures::{
        MINUTE, NOW, PERIOD, TTL, alive, id, later, merge, owner, put, read, seal, set, step, task, worker,
    },
};

/// A missing key is `None`, and every write to it is `Missing`.
pub async fn a_missing_key_is_missing(backend: Backend) {
    let key = task(1).key;
    assert_eq!(read(&backend, &key).await, None);
    assert_eq!(backend.put(&key, &put(1), NOW).await.unwrap(), Written::Missing);
    assert_eq!(backend.put(&key, &seal(1), NOW).await.unwrap(), Written::Missing);
    assert_eq!(backend.merge(&key, &merge(Guard::Open, [("a", set("1"))]), NOW).await.unwrap(), Merged::Missing);
    assert_eq!(backend.record(&key, &step(1, "a", "1"), NOW).await.unwrap(), Recorded::Missing);
    assert_eq!(read(&backend, &key).await, None);
}

/// Another owner's key is `None`, also with the id of a task that exists.
pub async fn another_owners_key_is_missing(backend: Backend) {
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    let other = TaskKey { owner: owner(1), id: new.key.id };
    assert_eq!(read(&backend, &other).await, None);
    assert_eq!(backend.put(&other, &put(1), NOW).await.unwrap(), Written::Missing);
    assert!(!backend.delete(&other).await.unwrap());
    assert!(read(&backend, &new.key).await.is_some());
}

/// An expired task is missing to reads and writes from the millisecond it expires at.
pub async fn an_expired_task_is_missing(backend: Backend) {
    let new = task(1);
    let key = &new.key;
    backend.create(&new, NOW).await.unwrap();
    assert!(backend.get(key, Parts::all(), later(TTL - 1)).await.unwrap().is_some());
    let now = later(TTL);
    assert_eq!(backend.get(key, Parts::all(), now).await.unwrap(), None);
    assert_eq!(backend.put(key, &put(1), now).await.unwrap(), Written::Missing);
    assert_eq!(backend.put(key, &seal(1), now).await.unwrap(), Written::Missing);
    assert_eq!(backend.merge(key, &merge(Guard::Open, [("a", set("1"))]), now).await.unwrap(), Merged::Missing);
    assert_eq!(backend.record(key, &step(1, "a", "1"), now).await.unwrap(), Recorded::Missing);
}

/// A sealed task expires as well.
pub async fn a_sealed_task_expires(backend: Backend) {
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    backend.put(&new.key, &seal(1), NOW).await.unwrap();
    assert!(backend.get(&new.key, Parts::all(), later(TTL - 1)).await.unwrap().is_some());
    assert_eq!(backend.get(&new.key, Parts::all(), later(TTL)).await.unwrap(), None);
}

/// Only the parts that were asked for are read; the head always is.
pub async fn only_the_parts_asked_for_are_read(backend: Backend) {
    let new = task(1);
    let key = &new.key;
    backend.create(&new, NOW).await.unwrap();
    backend.merge(key, &merge(Guard::Open, [("a", set("1"))]), NOW).await.unwrap();
    backend.record(key, &step(1, "fetch", "2"), NOW).await.unwrap();
    let end = seal(1);
    backend.put(key, &end, NOW).await.unwrap();
    let whole = read(&backend, key).await.unwrap();
    assert_eq!(whole.body, Some(new.body.clone()));
    assert_eq!(whole.variables.as_ref().unwrap()["a"], "1");
    assert_eq!(whole.steps.as_ref().unwrap()["fetch"], "2");
    assert_eq!(whole.outcome, end.outcome);
    for bits in 0..=Parts::all().bits() {
        let parts = Parts::from_bits_truncate(bits);
        let stored = backend.get(key, parts, NOW).await.unwrap().unwrap();
        assert_eq!(stored.head, end.head);
        assert_eq!(stored.body, whole.body.clone().filter(|_| parts.contains(Parts::BODY)));
        assert_eq!(stored.variables, whole.variables.clone().filter(|_| parts.contains(Parts::VARIABLES)));
        assert_eq!(stored.steps, whole.steps.clone().filter(|_| parts.contains(Parts::STEPS)));
        assert_eq!(stored.outcome, whole.outcome.clone().filter(|_| parts.contains(Parts::OUTCOME)));
    }
}

/// Empty values, zero bytes and bytes that are no text are kept in every part.
pub async fn every_value_is_kept(backend: Backend) {
    for (n, value) in [&b""[..], b"\0", b"a\0b\0", &[0xff, 0xfe, 0x80], b"\r\n'\"{}[]*?%_"].into_iter().enumerate() {
        let value = Bytes::from_static(value);
        let mut new = task(u32::try_from(n).unwrap());
        (new.head, new.body) = (value.clone(), value.clone());
        backend.create(&new, NOW).await.unwrap();
        let mut variables = merge(Guard::Open, [("a", set(""))]);
        variables.ops[0].1 = crate::store::backend::FieldOp::Set(value.clone());
        assert_eq!(backend.merge(&new.key, &variables, NOW).await.unwrap(), Merged::Done);
        let mut fetched = step(1, "fetch", "");
        fetched.value = value.clone();
        assert_eq!(backend.record(&new.key, &fetched, NOW).await.unwrap(), Recorded::Recorded);
        let mut end = seal(1);
        (end.head, end.outcome) = (value.clone(), Some(value.clone()));
        assert_eq!(read(&backend, &new.key).await.unwrap().head, value);
        super::assert_done(&backend.put(&new.key, &end, NOW).await.unwrap(), 2, 1);
        let stored = read(&backend, &new.key).await.unwrap();
        assert_eq!(stored.head, value);
        assert_eq!(stored.body, Some(value.clone()));
        assert_eq!(stored.variables.unwrap()["a"], value);
        assert_eq!(stored.steps.unwrap()["fetch"], value);
        assert_eq!(stored.outcome, Some(value));
    }
}

/// A part of a mebibyte is stored, or of the backend's limit where that is less.
pub async fn a_large_part_is_stored(backend: Backend) {
    let size = usize::try_from(backend.capabilities().max_part.min(1 << 20)).unwrap();
    let large: Bytes = (0..size).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let mut new = task(1);
    new.body = large.clone();
    assert_eq!(backend.create(&new, NOW).await.unwrap(), Create::Created);
    let mut end = seal(1);
    end.outcome = Some(large.clone());
    super::assert_done(&backend.put(&new.key, &end, NOW).await.unwrap(), 2, 1);
    let stored = read(&backend, &new.key).await.unwrap();
    assert!(stored.body == Some(large.clone()) && stored.outcome == Some(large));
}

/// A part above the backend's limit is refused as too large and leaves no trace.
pub async fn an_oversize_part_leaves_no_trace(backend: Backend) {
    let oversize = Bytes::from(vec![0; usize::try_from(backend.capabilities().max_part).unwrap() + 1]);
    let mut refused = task(1);
    refused.body = oversize.clone();
    assert_eq!(backend.create(&refused, NOW).await.unwrap_err().code(), "too_large");
    assert_eq!(read(&backend, &refused.key).await, None);
    assert_eq!(backend.held(&refused.holder, None, 10).await.unwrap(), []);

    let new = task(2);
    backend.create(&new, NOW).await.unwrap();
    let before = read(&backend, &new.key).await;
    let mut end = seal(1);
    end.outcome = Some(oversize.clone());
    assert_eq!(backend.put(&new.key, &end, NOW).await.unwrap_err().code(), "too_large");
    let mut fetched = step(1, "fetch", "");
    fetched.value = oversize;
    assert_eq!(backend.record(&new.key, &fetched, NOW).await.unwrap_err().code(), "too_large");
    assert_eq!(read(&backend, &new.key).await, before);
}

/// A clock set back an hour hides nothing and refuses nothing.
pub async fn a_clock_set_back_is_harmless(backend: Backend) {
    let first = task(1);
    backend.create(&first, NOW).await.unwrap();
    let now = crate::time::Millis(NOW.0 - 60 * MINUTE);
    assert!(backend.get(&first.key, Parts::all(), now).await.unwrap().is_some());
    super::assert_done(&backend.put(&first.key, &put(1), now).await.unwrap(), 2, 1);
    assert_eq!(backend.merge(&first.key, &merge(Guard::Fence(1), [("a", set("1"))]), now).await.unwrap(), Merged::Done);
    assert_eq!(backend.create(&task(2), now).await.unwrap(), Create::Created);
    assert_eq!(backend.page(&Scope(owner(0)), None, 10, now).await.unwrap().tasks.len(), 2);
    backend.sweep(10, now).await.unwrap();
    let claimed = backend.claim(&Holder::Worker(worker(0)), &worker(1), 10, now).await.unwrap().taken();
    assert_eq!(claimed.len(), 2);
}

/// A deleted task is gone; deleting tells whether there was one.
pub async fn delete_is_idempotent(backend: Backend) {
    let new = task(1);
    assert!(!backend.delete(&new.key).await.unwrap());
    backend.create(&new, NOW).await.unwrap();
    backend.merge(&new.key, &merge(Guard::Open, [("a", set("1"))]), NOW).await.unwrap();
    backend.record(&new.key, &step(1, "fetch", "2"), NOW).await.unwrap();
    assert!(backend.delete(&new.key).await.unwrap());
    assert!(!backend.delete(&new.key).await.unwrap());
    assert_eq!(read(&backend, &new.key).await, None);
    assert_eq!(backend.page(&Scope(owner(0)), None, 10, NOW).await.unwrap().tasks, []);
    assert_eq!(backend.held(&new.holder, None, 10).await.unwrap(), []);
    backend.create(&task(1), NOW).await.unwrap();
    let stored = read(&backend, &new.key).await.unwrap();
    assert!(stored.variables.unwrap().is_empty() && stored.steps.unwrap().is_empty());
}

/// The contract holds through an `Arc<dyn StorageBackend>`, itself a backend.
pub async fn an_arc_is_a_backend(backend: Backend) {
    let outer: Backend = Arc::new(backend.clone());
    assert_eq!(outer.capabilities(), backend.capabilities());
    let new = task(1);
    assert_eq!(outer.create(&new, NOW).await.unwrap(), Create::Created);
    super::assert_done(&outer.put(&new.key, &put(1), NOW).await.unwrap(), 2, 1);
    assert_eq!(outer.merge(&new.key, &merge(Guard::Open, [("a", set("1"))]), NOW).await.unwrap(), Merged::Done);
    assert_eq!(outer.record(&new.key, &step(1, "fetch", "2"), NOW).await.unwrap(), Recorded::Recorded);
    assert_eq!(outer.page(&Scope(owner(0)), None, 10, NOW).await.unwrap().tasks.len(), 1);
    assert_eq!(outer.held(&new.holder, None, 10).await.unwrap(), std::slice::from_ref(&new.key));
    assert_eq!(outer.claim(&new.holder, &worker(1), 10, NOW).await.unwrap().taken().len(), 1);
    assert_eq!(outer.beat(&worker(1), PERIOD, NOW).await.unwrap(), Beat::Alive(1));
    assert_eq!(outer.workers().await.unwrap(), [alive(1, 1)]);
    assert!(outer.bury(&worker(1), 1).await.unwrap());
    assert_eq!(outer.sweep(10, NOW).await.unwrap(), 0);
    assert_eq!(read(&outer, &new.key).await, read(&backend, &new.key).await);
    assert_eq!(read(&backend, &new.key).await.unwrap().fence, 2);
    assert!(outer.delete(&new.key).await.unwrap());
    assert!(!StorageBackend::delete(&backend, &new.key).await.unwrap());
    assert_eq!(read(&outer, &TaskKey { owner: owner(0), id: id(1) }).await, None);
}
