//! What was answered survives `kill -9` at any moment, and what was not is there whole or not at all.

use std::{
    collections::BTreeMap,
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;

use super::{
    child::{Other, say},
    *,
};
use crate::{
    store::backend::{FieldOp, Guard, WriteId},
    testing::fixtures::{merge, seal, step, task, worker},
};

const ROUNDS: u32 = 60;

/// No more rounds are begun after this.
const ENOUGH: Duration = Duration::from_secs(15);

const STEPS: [&str; 3] = ["plan", "fetch", "store"];

/// What a task has been through: created, three steps with a count after each, sealed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Progress(usize);

impl Progress {
    const CREATED: Self = Self(1);
    const SEALED: Self = Self(2 + 2 * STEPS.len());

    fn of(task: Option<&StoredTask>) -> Self {
        let Some(task) = task else { return Self(0) };
        if !task.open {
            return Self::SEALED;
        }
        Self(1 + task.steps.as_ref().unwrap().len() + count(task))
    }
}

/// The variable that every step adds one to.
fn count(task: &StoredTask) -> usize {
    task.variables.as_ref().unwrap().get("count").map_or(0, Bytes::len)
}

/// Takes every task on from where it is, until it is killed. After each answer of the store it says which task it was
/// and how far it is now.
pub(super) async fn write_on(file: &Path) {
    let backend = SqliteBackend::open(file).await.unwrap();
    let mut n = 0;
    // Several at once, so that transactions have several operations.
    loop {
        let tasks = (n..n + 4).map(|n| complete(&backend, n));
        futures_util::future::join_all(tasks).await;
        n += 4;
    }
}

async fn complete(backend: &SqliteBackend, n: u32) {
    let key = task(n).key;
    let mut stored = backend.get(&key, Parts::all(), NOW).await.unwrap();
    if Progress::of(stored.as_ref()) == Progress::SEALED {
        return;
    }
    if stored.is_none() {
        let new = NewTask { quota: u32::MAX, idempotency: Some((digest(n), [0; 32])), ..task(n) };
        assert_eq!(backend.create(&new, NOW).await.unwrap(), Create::Created);
        say(format!("{n} {}", Progress::CREATED.0));
        stored = backend.get(&key, Parts::all(), NOW).await.unwrap();
    }
    let stored = stored.unwrap();
    let (recorded, counted) = (stored.steps.as_ref().unwrap().len(), count(&stored));
    for (at, name) in STEPS.iter().enumerate() {
        if at >= recorded {
            let value = std::process::id().to_string();
            let done = Step { value: Bytes::from(value), ..step(1, name, "") };
            assert_eq!(backend.record(&key, &done, NOW).await.unwrap(), Recorded::Recorded);
            say(format!("{n} {}", 2 + 2 * at));
        }
        if at >= counted {
            let (was, value) = (ones(at), ones(at + 1));
            let add = FieldOp::SetIf { was: (at > 0).then_some(was), value };
            let add = Merge { write: write(), ..merge(Guard::Fence(1), [("count", add)]) };
            let merged = backend.merge(&key, &add, NOW).await.unwrap();
            assert_eq!(merged, Merged::Done);
            say(format!("{n} {}", 3 + 2 * at));
        }
    }
    let written = backend.put(&key, &Put { fence: Some(1), write: write(), ..seal(1) }, NOW).await.unwrap();
    assert_eq!(written, Written::Done { version: 2, fence: 1 });
    say(format!("{n} {}", Progress::SEALED.0));
}

/// Unlike those of the fixtures, not the same in every process.
fn write() -> WriteId {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).unwrap();
    WriteId(u128::from_ne_bytes(bytes))
}

fn ones(n: usize) -> Bytes {
    Bytes::from(vec![b'1'; n])
}

fn digest(n: u32) -> [u8; 32] {
    let mut digest = [0; 32];
    digest[..4].copy_from_slice(&n.to_be_bytes());
    digest
}

#[test]
fn killed_at_any_moment_it_keeps_what_it_answered() {
    let place = Place::new();
    let start = Instant::now();
    let mut answered: BTreeMap<u32, Progress> = BTreeMap::new();
    // The value of a step is the process that recorded it: the first one stands.
    let mut steps: BTreeMap<(u32, String), Bytes> = BTreeMap::new();
    let mut rounds = 0;
    while rounds < ROUNDS && start.elapsed() < ENOUGH {
        let mut other = Other::start(child::WRITE, &place.path());
        // The first answer tells that the file is open; then after a time that differs from round to round.
        let heard = other.hear();
        thread::sleep(Duration::from_micros(u64::from(rounds * 7919 % 40) * 700));
        other.kill();
        let said: Vec<String> = heard.into_iter().chain(std::iter::from_fn(|| other.hear())).collect();
        for line in &said {
            let words = line.split_once(' ').and_then(|(n, progress)| Some((n.parse().ok()?, progress.parse().ok()?)));
            let (n, progress) = words.unwrap_or_else(|| panic!("the other process failed: {said:#?}"));
            answered.insert(n, Progress(progress));
        }
        block_on(check(&place, &mut answered, &mut steps));
        rounds += 1;
    }
    assert!(rounds >= 10 && answered.len() > 10, "{rounds} rounds, {} tasks", answered.len());
}

async fn check(place: &Place, answered: &mut BTreeMap<u32, Progress>, steps: &mut BTreeMap<(u32, String), Bytes>) {
    let backend = place.open().await;
    let mut open = Vec::new();
    let last = answered.last_key_value().map_or(0, |(n, _)| *n);
    for n in 0..last + 8 {
        let key = task(n).key;
        let stored = backend.get(&key, Parts::all(), NOW).await.unwrap();
        let (known, progress) = (answered.get(&n).copied().unwrap_or_default(), Progress::of(stored.as_ref()));
        // At most the operation that was under way came in addition.
        let next = Progress(known.0 + 1);
        assert!(progress == known || progress == next, "task {n}: {known:?} answered, {progress:?} stored");
        // What the next process finds.
        answered.insert(n, progress);
        let again = NewTask { idempotency: Some((digest(n), [0; 32])), ..task(n + 1_000_000) };
        let Some(stored) = stored else { continue };
        assert_eq!(backend.create(&again, NOW).await.unwrap(), Create::Same(key.id));
        // A part of an operation would show here.
        assert_eq!(stored.outcome.is_some(), !stored.open);
        assert_eq!(stored.holder.is_some(), stored.open);
        assert_eq!(stored.version, if stored.open { 1 } else { 2 });
        for (name, value) in stored.steps.unwrap() {
            assert_eq!(*steps.entry((n, name)).or_insert_with(|| value.clone()), value);
        }
        if stored.open {
            open.push(key);
        }
    }
    assert_eq!(backend.held(&Holder::Worker(worker(0)), None, 1000).await.unwrap(), open);
    // The quota counts those that are open.
    let count = u32::try_from(open.len()).unwrap();
    let refused = NewTask { quota: count, ..task(2_000_000) };
    assert_eq!(backend.create(&refused, NOW).await.unwrap(), Create::Full);
    let sound: String = place.raw().query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
}
