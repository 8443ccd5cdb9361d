//! Lists.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a case panics when the backend breaks the contract"
)]

use super::Backend;
use crate::{
    id::TaskId,
    owner::OwnerKey,
    store::{
        StorageBackend,
        backend::{NewTask, Scope, Stamp, TaskKey},
    },
    testing::fixtures::{NOW, TTL, id, later, owner, read, seal, task, task_of},
};

/// The ids on each page of owner 0's list.
async fn pages(backend: &dyn StorageBackend, n: u16) -> Vec<Vec<TaskId>> {
    let mut pages = Vec::new();
    let mut before = None;
    loop {
        let page = backend.page(&Scope(owner(0)), before.as_ref(), n, NOW).await.unwrap();
        pages.push(page.tasks.iter().map(|(key, _)| key.id).collect());
        before = page.next;
        if before.is_none() {
            return pages;
        }
        assert!(pages.len() < 100, "the list has no end");
    }
}

fn ids(numbers: impl IntoIterator<Item = u32>) -> Vec<TaskId> {
    numbers.into_iter().map(id).collect()
}

/// A page is newest first, whatever the order of creation, and holds sealed tasks too.
pub async fn a_page_is_newest_first(backend: Backend) {
    for n in [3, 1, 4, 2] {
        backend.create(&task(n), NOW).await.unwrap();
    }
    backend.put(&task(3).key, &seal(1), NOW).await.unwrap();
    assert_eq!(pages(&backend, 10).await, [ids([4, 3, 2, 1])]);
}

/// A page holds tasks as `get` reads them without parts.
pub async fn a_page_holds_tasks_without_parts(backend: Backend) {
    backend.create(&task(1), NOW).await.unwrap();
    backend.put(&task(1).key, &seal(1), NOW).await.unwrap();
    let page = backend.page(&Scope(owner(0)), None, 10, NOW).await.unwrap();
    let mut stored = read(&backend, &task(1).key).await.unwrap();
    (stored.body, stored.variables, stored.steps, stored.outcome) = (None, None, None, None);
    assert_eq!(page.tasks, [(task(1).key, stored)]);
}

/// More tasks than a page holds are on the next ones, each once.
pub async fn pages_hold_each_task_once(backend: Backend) {
    for n in 0..25 {
        backend.create(&task(n), NOW).await.unwrap();
    }
    let pages = pages(&backend, 4).await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 4, 4, 4, 4, 1]);
    assert_eq!(pages.concat(), ids((0..25).rev()));
}

/// `next` is `None` exactly when nothing older remains: not on a page that merely is not full, and on a full last one.
pub async fn the_last_page_says_so(backend: Backend) {
    assert_eq!(pages(&backend, 3).await, [vec![]]);
    for (n, count) in [(1, 1), (2, 1), (3, 1), (4, 2)] {
        backend.create(&task(n), NOW).await.unwrap();
        assert_eq!(pages(&backend, 3).await.len(), count, "{n} tasks");
    }
}

/// Equal stamps are ordered by id, across a page boundary too.
pub async fn equal_stamps_are_ordered_by_id(backend: Backend) {
    for n in [2, 5, 1, 4, 3] {
        let mut new = task(n);
        new.stamp = task(0).stamp;
        backend.create(&new, NOW).await.unwrap();
    }
    assert_eq!(pages(&backend, 2).await, [ids([5, 4]), ids([3, 2]), ids([1])]);
    assert_eq!(pages(&backend, 1).await.concat(), ids((1..=5).rev()));
}

/// Stamps are compared as whole numbers of 64 bits: before ids, and without loss of the last digit.
pub async fn stamps_are_ordered_as_numbers(backend: Backend) {
    let base = task(0).stamp.0;
    let stamps = [1, 9, 10, 127, 128, 255, 256, 257, 65_535, 65_536, 1 << 20, 1 << 40].map(|more| base + more);
    for (n, stamp) in (1..).zip(stamps) {
        let mut new = task(100 - n);
        new.stamp = Stamp(stamp);
        backend.create(&new, NOW).await.unwrap();
    }
    assert_eq!(pages(&backend, 5).await.concat(), ids(88..100));
    let page = backend.page(&Scope(owner(0)), None, 100, NOW).await.unwrap();
    assert!(page.tasks.iter().map(|(_, task)| task.stamp.0).eq(stamps.into_iter().rev()));
}

/// A page lists one scope and nothing else, whatever bytes its key shares with others.
pub async fn a_page_lists_one_scope(backend: Backend) {
    let key = |tail: [u8; 4]| {
        let mut key = *b"ann:ann:ann:ann:ann:ann:ann:ann:";
        key[28..].copy_from_slice(&tail);
        OwnerKey(key)
    };
    let owners = [*b"ann:", *b"anna", *b"ann*", *b"ann?", *b"[a]:", *b"ann%", *b"ann\0", [0; 4], [0xff; 4]].map(key);
    for (n, owner) in (0..).zip(owners) {
        let new = NewTask { key: TaskKey { owner, id: id(n) }, scope: Some(Scope(owner)), ..task(n) };
        backend.create(&new, NOW).await.unwrap();
    }
    for (n, owner) in (0..).zip(owners) {
        let page = backend.page(&Scope(owner), None, 100, NOW).await.unwrap();
        let keys: Vec<_> = page.tasks.into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, [TaskKey { owner, id: id(n) }], "{owner}");
    }
    assert_eq!(backend.page(&Scope(key(*b"anne")), None, 100, NOW).await.unwrap().tasks, []);
}

/// A task without a scope is in no list.
pub async fn a_task_without_scope_is_not_listed(backend: Backend) {
    backend.create(&NewTask { scope: None, ..task(1) }, NOW).await.unwrap();
    backend.create(&task(2), NOW).await.unwrap();
    backend.create(&task_of(1, 3), NOW).await.unwrap();
    assert_eq!(pages(&backend, 10).await, [ids([2])]);
    assert!(read(&backend, &task(1).key).await.is_some());
}

/// Expired tasks are left out: they neither shorten a page nor promise another one.
pub async fn expired_tasks_are_not_listed(backend: Backend) {
    for n in 0..10 {
        let mut new = task(n);
        new.expires = later(if [2, 5, 6].contains(&n) { 2 * TTL } else { TTL });
        backend.create(&new, NOW).await.unwrap();
    }
    let (scope, now) = (Scope(owner(0)), later(TTL));
    let first = backend.page(&scope, None, 2, now).await.unwrap();
    assert_eq!(first.tasks.iter().map(|(key, _)| key.id).collect::<Vec<_>>(), ids([6, 5]));
    let second = backend.page(&scope, first.next.as_ref(), 2, now).await.unwrap();
    assert_eq!(second.tasks.iter().map(|(key, _)| key.id).collect::<Vec<_>>(), ids([2]));
    assert_eq!(second.next, None);
    assert_eq!(backend.page(&scope, None, 3, now).await.unwrap().next, None);
    assert_eq!(backend.page(&scope, None, 3, later(2 * TTL)).await.unwrap().tasks, []);
}

/// A cursor outlives its task.
pub async fn a_cursor_outlives_its_task(backend: Backend) {
    for n in 0..6 {
        backend.create(&task(n), NOW).await.unwrap();
    }
    let first = backend.page(&Scope(owner(0)), None, 2, NOW).await.unwrap();
    for n in [4, 3] {
        backend.delete(&task(n).key).await.unwrap();
    }
    let second = backend.page(&Scope(owner(0)), first.next.as_ref(), 2, NOW).await.unwrap();
    assert_eq!(second.tasks.iter().map(|(key, _)| key.id).collect::<Vec<_>>(), ids([2, 1]));
}
