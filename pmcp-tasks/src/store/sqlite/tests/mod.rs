//! What the contract does not see: the file, its other users, its end.

mod child;
#[cfg(target_os = "linux")]
mod damage;
#[cfg(target_os = "linux")]
mod disk;
mod durability;
mod failures;
mod feed;
mod file;
mod pair;
mod shared;

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use proptest::prelude::*;
use tempfile::TempDir;

use rusqlite::Connection;

use super::*;
use crate::testing::{
    block_on,
    fixtures::{NOW, PERIOD},
    model,
};

/// A directory for a store, which goes with the test.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("tasks.db")
    }

    async fn open(&self) -> SqliteBackend {
        SqliteBackend::open(self.path()).await.unwrap()
    }

    /// A store that waits for no disk: for what has nothing to do with power failures.
    async fn open_unsynced(&self) -> SqliteBackend {
        unsynced(&self.path()).await
    }

    /// The file as another program sees it.
    fn raw(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }
}

async fn unsynced(path: &Path) -> SqliteBackend {
    SqliteBackend::open_with(path.to_owned(), Options { synchronous: "off", ..Options::default() }).await.unwrap()
}

/// Counts the events of a level that this thread logs.
struct Events(tracing::Level, Arc<AtomicUsize>);

impl Events {
    fn of(level: tracing::Level) -> (Self, Arc<AtomicUsize>) {
        let count = Arc::<AtomicUsize>::default();
        (Self(level, count.clone()), count)
    }
}

impl tracing::Subscriber for Events {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() == self.0
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, _: &tracing::Event<'_>) {
        self.1.fetch_add(1, Ordering::Relaxed);
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

/// The bytes of each owner's open and sealed tasks as they are summed up, and as the tasks' parts say.
fn assert_sums(connection: &Connection) {
    let sums = |sql: &str| -> Vec<(i64, i64, i64)> {
        let mut sums = connection.prepare(sql).unwrap();
        sums.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap().map(Result::unwrap).collect()
    };
    let kept = sums("SELECT n, live_bytes, sealed_bytes FROM owner ORDER BY n");
    // No name of a test has another character than one byte.
    let counted = sums(
        "WITH part AS ( \
            SELECT n AS task, 1024 + length(head) + ifnull(length(body), 0) + ifnull(length(result), 0) AS bytes FROM task \
            UNION ALL SELECT task, length(value) FROM body \
            UNION ALL SELECT task, length(name) + length(value) FROM variable \
            UNION ALL SELECT task, length(name) + length(value) FROM step) \
         SELECT owner.n, ifnull(sum(bytes) FILTER (WHERE open = 1), 0), ifnull(sum(bytes) FILTER (WHERE open = 0), 0) \
         FROM owner LEFT JOIN task ON task.owner = owner.n LEFT JOIN part ON part.task = task.n \
         GROUP BY owner.n ORDER BY owner.n",
    );
    assert_eq!(kept, counted);
}

/// How many rows each table has that says something of tasks, by name.
fn rows(connection: &Connection) -> Vec<(&'static str, i64)> {
    ["owner", "task", "body", "variable", "merged", "step", "idempotency"]
        .into_iter()
        .map(|table| {
            let count = connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0));
            (table, count.unwrap())
        })
        .filter(|(_, count)| *count > 0)
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn sqlite_agrees_with_the_model(operations in model::operations(120)) {
        block_on(async {
            let place = Place::new();
            model::check(&place.open_unsynced().await, &operations).await;
            let raw = place.raw();
            assert_eq!(raw.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)).unwrap(), "ok");
            assert_sums(&raw);
            // Every part, idempotency entry and owner belongs to a task.
            for orphans in [
                "SELECT task FROM body UNION SELECT task FROM variable UNION SELECT task FROM merged \
                 UNION SELECT task FROM step UNION SELECT task FROM idempotency EXCEPT SELECT n FROM task",
                "SELECT n FROM owner EXCEPT SELECT owner FROM task EXCEPT SELECT scope FROM task",
            ] {
                assert!(!raw.prepare(orphans).unwrap().exists([]).unwrap(), "{orphans}");
            }
        });
    }
}
