//! What is in the file, and what survives closing it.

use super::*;
use crate::{
    store::backend::{Guard, HolderChange},
    testing::fixtures::{TTL, later, merge, put, read, seal, set, step, task, task_of, worker},
};

/// Writes of every kind, and what they make.
async fn fill(backend: &SqliteBackend) {
    for n in 0..6 {
        let holder = if n < 3 { Holder::Queue } else { Holder::Worker(worker(0)) };
        let digest = u8::try_from(n).unwrap();
        let new = NewTask { holder, idempotency: Some(([digest; 32], [0; 32])), ..task_of(n % 2, n) };
        assert_eq!(backend.create(&new, NOW).await.unwrap(), Create::Created);
        backend.merge(&new.key, &merge(Guard::Open, [("a", set("1")), ("b", set("2"))]), NOW).await.unwrap();
        backend.record(&new.key, &step(1, "fetch", "3"), NOW).await.unwrap();
    }
    let large = NewTask { body: vec![7; 100_000].into(), ..task_of(1, 7) };
    backend.create(&large, NOW).await.unwrap();
    backend.put(&task_of(0, 4).key, &seal(1), NOW).await.unwrap();
    backend.put(&task_of(1, 5).key, &Put { holder: HolderChange::Take(worker(1)), ..put(1) }, NOW).await.unwrap();
    backend.beat(&worker(2), PERIOD, NOW).await.unwrap();
    backend.beat(&worker(1), PERIOD, NOW).await.unwrap();
    assert!(backend.bury(&worker(2), 1).await.unwrap());
}

/// Everything a backend answers about what [`fill`] made.
async fn everything(backend: &SqliteBackend) -> String {
    let mut everything = Vec::new();
    for n in 0..8 {
        everything.push(format!("{:?}", read(backend, &task_of(n % 2, n).key).await));
    }
    for owner in 0..2 {
        let scope = Scope(task_of(owner, 0).key.owner);
        everything.push(format!("{:?}", backend.page(&scope, None, 10, NOW).await.unwrap()));
    }
    for holder in [Holder::Queue, Holder::Worker(worker(0)), Holder::Worker(worker(1))] {
        everything.push(format!("{:?}", backend.held(&holder, None, 10).await.unwrap()));
    }
    everything.push(format!("{:?}", backend.workers().await.unwrap()));
    everything.join("\n")
}

#[test]
fn everything_survives_reopening() {
    block_on(async {
        let place = Place::new();
        let backend = place.open().await;
        fill(&backend).await;
        let before = everything(&backend).await;
        drop(backend);
        let backend = place.open().await;
        assert_eq!(everything(&backend).await, before);
        assert_eq!(backend.beat(&worker(2), PERIOD, NOW).await.unwrap(), Beat::Buried);
        assert_eq!(backend.beat(&worker(1), PERIOD, NOW).await.unwrap(), Beat::Alive(2));
        let same = NewTask { idempotency: Some(([3; 32], [0; 32])), ..task_of(1, 20) };
        assert_eq!(backend.create(&same, NOW).await.unwrap(), Create::Same(task_of(1, 3).key.id));
        let full = NewTask { quota: 4, ..task_of(1, 21) };
        assert_eq!(backend.create(&full, NOW).await.unwrap(), Create::Full);
    });
}

#[test]
fn a_write_whose_reply_was_lost_is_recognised_after_reopening() {
    block_on(async {
        let place = Place::new();
        let new = task(1);
        let key = &new.key;
        let (progress, add, fetched) = (put(1), merge(Guard::Open, [("a", set("1"))]), step(1, "fetch", "1"));
        let backend = place.open().await;
        backend.create(&new, NOW).await.unwrap();
        backend.put(key, &progress, NOW).await.unwrap();
        backend.merge(key, &add, NOW).await.unwrap();
        backend.record(key, &fetched, NOW).await.unwrap();
        let before = read(&backend, key).await;
        drop(backend);
        let backend = place.open().await;
        assert_eq!(backend.create(&new, NOW).await.unwrap(), Create::Replayed);
        assert!(matches!(backend.put(key, &progress, NOW).await.unwrap(), Written::Replayed(_)));
        assert_eq!(backend.merge(key, &add, NOW).await.unwrap(), Merged::Replayed);
        assert_eq!(backend.record(key, &fetched, NOW).await.unwrap(), Recorded::Exists("1".into()));
        assert_eq!(read(&backend, key).await, before);
    });
}

#[test]
fn nothing_is_left_of_tasks_that_are_gone() {
    block_on(async {
        let place = Place::new();
        let backend = place.open_unsynced().await;
        fill(&backend).await;
        assert_eq!(rows(&place.raw()).len(), 7, "{:?}", rows(&place.raw()));
        for n in 0..3 {
            assert!(backend.delete(&task_of(n % 2, n).key).await.unwrap());
        }
        assert_eq!(backend.sweep(2, later(TTL)).await.unwrap(), 2);
        assert_eq!(backend.sweep(1000, later(TTL)).await.unwrap(), 2);
        assert_eq!(rows(&place.raw()), []);
    });
}

#[test]
fn a_file_of_an_earlier_build_is_summed_up() {
    block_on(async {
        let place = Place::new();
        let backend = place.open_unsynced().await;
        fill(&backend).await;
        backend.put(&task_of(1, 3).key, &seal(1), later(9)).await.unwrap();
        let before = everything(&backend).await;
        drop(backend);
        let raw = place.raw();
        raw.execute_batch(
            "DROP INDEX finished; ALTER TABLE task DROP COLUMN sealed; ALTER TABLE task DROP COLUMN max_bytes; ALTER TABLE owner DROP COLUMN live_bytes; \
             ALTER TABLE owner DROP COLUMN sealed_bytes; PRAGMA user_version = 2;",
        )
        .unwrap();
        let backend = place.open_unsynced().await;
        assert_eq!(everything(&backend).await, before);
        assert_sums(&raw);
        let new = task_of(1, 20);
        let fitting = NewTask { max_bytes: 200_000, ..new.clone() };
        assert_eq!(backend.create(&fitting, NOW).await.unwrap(), Create::Created);
        assert!(read(&backend, &task_of(1, 3).key).await.is_some());
        let scarce = NewTask { max_bytes: 100_000, ..task_of(1, 21) };
        assert_eq!(backend.create(&scarce, NOW).await.unwrap(), Create::NoRoom);
        assert!(read(&backend, &task_of(1, 3).key).await.is_some());
        assert_sums(&raw);
    });
}

#[test]
fn finished_tasks_without_end_fill_no_disk() {
    block_on(async {
        let place = Place::new();
        let backend = place.open_unsynced().await;
        let end = |n: u8| Put { outcome: Some(vec![n; 200_000].into()), ..seal(1) };
        let quiet = task_of(1, 0);
        backend.create(&quiet, NOW).await.unwrap();
        backend.put(&quiet.key, &end(0), NOW).await.unwrap();
        for n in 1..200 {
            let new = NewTask { max_bytes: 2 << 20, body: vec![7; 50_000].into(), ..task(n) };
            assert_eq!(backend.create(&new, NOW).await.unwrap(), Create::Created, "task {n}");
            let time = later(u64::from(n));
            backend.put(&new.key, &end(u8::try_from(n).unwrap()), time).await.unwrap();
            // The last of those for whom there is room.
            let first = backend.get(&task(n.saturating_sub(7).max(1)).key, Parts::empty(), time).await.unwrap();
            assert!(first.is_some(), "after task {n}");
        }
        assert!(read(&backend, &quiet.key).await.is_some());
        drop(backend);
        let raw = place.raw();
        raw.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        let size = std::fs::metadata(place.path()).unwrap().len();
        assert!(size < 3 << 20, "50 MB went through, of which 2 MiB and what another owner has may stay: {size} bytes");
        assert_sums(&raw);
    });
}

#[test]
fn a_create_by_a_clock_that_is_ahead_removes_nothing_that_lives() {
    block_on(async {
        let place = Place::new();
        let backend = place.open_unsynced().await;
        let living = task(1);
        backend.create(&living, NOW).await.unwrap();
        let ahead = NewTask { expires: later(2 * TTL), quota: 1, max_bytes: task(2).bytes(), ..task(2) };
        assert_eq!(backend.create(&ahead, later(TTL)).await.unwrap(), Create::Created);
        assert!(read(&backend, &living.key).await.is_some());
        assert_sums(&place.raw());
    });
}

#[test]
fn a_sweep_in_several_transactions_counts_them_together() {
    block_on(async {
        let backend = Place::new();
        let backend = backend.open_unsynced().await;
        for n in 0..(2 * u32::from(SWEPT)) {
            backend.create(&NewTask { quota: u32::MAX, ..task(n) }, NOW).await.unwrap();
        }
        assert_eq!(backend.sweep(SWEPT + 1, later(TTL)).await.unwrap(), SWEPT + 1);
        assert_eq!(backend.sweep(u16::MAX, later(TTL)).await.unwrap(), SWEPT - 1);
    });
}

#[test]
fn a_refused_create_leaves_no_owner() {
    block_on(async {
        let place = Place::new();
        let backend = place.open_unsynced().await;
        assert_eq!(backend.create(&NewTask { quota: 0, ..task(1) }, NOW).await.unwrap(), Create::Full);
        assert_eq!(rows(&place.raw()), []);
    });
}

#[test]
fn old_changes_are_removed() {
    block_on(async {
        let place = Place::new();
        let backend = place.open_unsynced().await;
        backend.create(&task(1), NOW).await.unwrap();
        for version in 1..6000 {
            backend.put(&task(1).key, &put(version), NOW).await.unwrap();
        }
        let count: i64 = place.raw().query_row("SELECT count(*) FROM change", [], |row| row.get(0)).unwrap();
        assert!((4096..4096 + 512).contains(&count), "{count}");
    });
}

/// What an operation costs does not grow with what is stored: no statement reads a table from end to end.
#[test]
fn every_statement_finds_its_rows_by_an_index() {
    // The workers, who are few, and the first look at the changes.
    const WHOLE: [&str; 1] = ["FROM worker\""];
    block_on(async {
        let place = Place::new();
        drop(place.open_unsynced().await);
        let raw = place.raw();
        let sources = [
            include_str!("../change.rs"),
            include_str!("../create.rs"),
            include_str!("../feed.rs"),
            include_str!("../list.rs"),
            include_str!("../remove.rs"),
            include_str!("../row.rs"),
            include_str!("../taken.rs"),
            include_str!("../workers.rs"),
            include_str!("../write.rs"),
        ];
        let mut checked = 0;
        for literal in sources.into_iter().flat_map(|source| source.split('"').skip(1).step_by(2)) {
            let sql = literal.replace("\\\n", " ");
            let sql = match sql.trim_start() {
                sql if sql.starts_with("FROM task") || sql.starts_with(", owner.key") => {
                    format!("SELECT task.n {sql}")
                }
                sql => sql.to_owned(),
            };
            let statement = ["SELECT ", "INSERT ", "UPDATE ", "DELETE "].iter().any(|word| sql.starts_with(word));
            if !statement || WHOLE.iter().any(|whole| format!("{sql}\"").contains(whole)) || sql.ends_with("task.head")
            {
                continue;
            }
            let mut plan = raw.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let steps: Vec<String> =
                plan.raw_query().mapped(|row| row.get(3)).collect::<rusqlite::Result<_>>().unwrap();
            assert!(
                !steps.iter().any(|step| step.starts_with("SCAN") && !step.contains("CONSTANT")),
                "{sql}: {steps:?}"
            );
            // Only what a holder has is sorted.
            let sorts = steps.iter().any(|step| step.contains("TEMP B-TREE"));
            assert_eq!(sorts, sql.contains("ORDER BY owner.key"), "{sql}: {steps:?}");
            checked += 1;
        }
        assert!(checked > 30, "only {checked} statements were found");
    });
}
