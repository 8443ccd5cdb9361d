//! Files that cannot be used, and what callers learn of it.

use std::fs;

use super::*;
use crate::{
    store::backend::Guard,
    task::TaskStore,
    testing::ManualClock,
    testing::fixtures::{merge, put, read, seal, set, task, task_of, worker},
};

/// The error with all its causes.
pub(super) fn chain(error: &StoreError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

#[track_caller]
pub(super) fn assert_fails<T: fmt::Debug>(result: Result<T>, code: &str, why: &str) {
    let error = result.unwrap_err();
    let chain = chain(&error);
    assert!(error.code() == code && chain.contains(why), "{} is not {code}: {chain} has no {why:?}", error.code());
}

#[test]
fn a_newer_schema_is_refused() {
    block_on(async {
        let place = Place::new();
        let backend = place.open_unsynced().await;
        backend.create(&task(1), NOW).await.unwrap();
        place.raw().pragma_update(None, "user_version", 7).unwrap();
        // A build that runs while a newer one migrates the file stops to write.
        assert_fails(backend.create(&task(2), NOW).await, "refused", "schema version 7");
        drop(backend);
        assert_fails(SqliteBackend::open(place.path()).await, "refused", "use the newer build");
    });
}

#[test]
fn what_is_no_store_is_left_alone() {
    block_on(async {
        let place = Place::new();
        fs::write(place.path(), "not a database, and long enough that it cannot be taken for an empty one").unwrap();
        assert_fails(SqliteBackend::open(place.path()).await, "corrupt", "not a database");

        let place = Place::new();
        place.raw().execute_batch("CREATE TABLE theirs (a)").unwrap();
        assert_fails(SqliteBackend::open(place.path()).await, "refused", "another program's");
        let mode: String = place.raw().query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
        assert_eq!(mode, "delete");
    });
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_by_its_kind() {
    block_on(async {
        let place = Place::new();
        assert!(std::process::Command::new("mkfifo").arg(place.path()).status().unwrap().success());
        let _socket = std::os::unix::net::UnixListener::bind(place.0.path().join("socket")).unwrap();
        for (path, kind) in [
            (place.0.path(), "a directory"),
            (&place.path(), "a pipe"),
            (&place.0.path().join("socket"), "a socket"),
            (Path::new("/dev/full"), "a device"),
            (Path::new("/dev/null"), "a device"),
        ] {
            let resolved = fs::canonicalize(path).unwrap();
            let why = format!("`{}` is {kind}; name a file", resolved.display());
            assert_fails(SqliteBackend::open(path).await, "refused", &why);
            let lock = format!("{}-lock", path.display());
            assert!(!Path::new(&lock).exists(), "{lock} was made");
        }
    });
}

#[test]
fn an_empty_file_becomes_a_store() {
    block_on(async {
        let place = Place::new();
        fs::write(place.path(), "").unwrap();
        assert_eq!(place.open().await.create(&task(1), NOW).await.unwrap(), Create::Created);
    });
}

/// The path in full, as relative ones are easily mistaken.
#[test]
fn a_store_that_cannot_be_opened_says_which_and_what_to_do() {
    block_on(async {
        let place = Place::new();
        drop(place.open_unsynced().await);
        let path = fs::canonicalize(place.path()).unwrap().display().to_string();
        place.raw().pragma_update(None, "user_version", 7).unwrap();
        assert_fails(SqliteBackend::open(place.path()).await, "refused", &path);

        let place = Place::new();
        fs::write(place.path(), "not a database, and long enough that it cannot be taken for an empty one").unwrap();
        let path = fs::canonicalize(place.path()).unwrap().display().to_string();
        assert_fails(SqliteBackend::open(place.path()).await, "corrupt", &path);
        assert_fails(SqliteBackend::open(place.path()).await, "corrupt", "name another file");

        let missing = place.0.path().join("none");
        let why = format!("the directory `{}` does not exist; create it", missing.display());
        assert_fails(SqliteBackend::open(missing.join("tasks.db")).await, "refused", &why);
    });
}

#[test]
fn a_path_that_names_no_file_is_refused() {
    block_on(async {
        let place = Place::new();
        assert_fails(SqliteBackend::open(place.0.path()).await, "refused", "");
        assert_fails(SqliteBackend::open(place.0.path().join("none/tasks.db")).await, "refused", "none");
        assert_fails(SqliteBackend::open(":memory:").await, "refused", "names no file");
        assert_fails(SqliteBackend::open("").await, "refused", "names no file");
        assert!(!Path::new(":memory:-lock").exists());
    });
}

#[test]
fn a_deleted_file_is_reported() {
    block_on(async {
        let place = Place::new();
        let backend = place.open_unsynced().await;
        backend.create(&task(1), NOW).await.unwrap();
        fs::remove_file(place.path()).unwrap();
        let key = &task(1).key;
        assert_fails(backend.create(&task(2), NOW).await, "refused", "deleted or replaced");
        assert_fails(backend.put(key, &put(1), NOW).await, "refused", "deleted or replaced");
        assert_fails(backend.get(key, Parts::all(), NOW).await, "refused", "deleted or replaced");
        // Another file in its place is not the store that was opened.
        fs::write(place.path(), "").unwrap();
        assert_fails(backend.beat(&worker(1), PERIOD, NOW).await, "refused", "deleted or replaced");
        assert_fails(backend.workers().await, "refused", "deleted or replaced");
    });
}

#[test]
fn a_full_disk_refuses_what_does_not_fit_and_nothing_else() {
    block_on(async {
        let place = Place::new();
        let options = Options { synchronous: "off", max_pages: Some(100), ..Options::default() };
        let backend = Arc::new(SqliteBackend::open_with(place.path(), options).await.unwrap());
        let large = |n| NewTask { body: vec![1; 60_000].into(), ..task(n) };
        let mut stored = 0;
        while backend.create(&large(stored), NOW).await.is_ok() {
            stored += 1;
            assert!(stored < 10);
        }
        assert!(stored > 1);
        assert_fails(backend.create(&large(stored), NOW).await, "refused", "full");
        // In one transaction with others, it fails alone.
        let creates = (20..60).map(|n| {
            let backend = backend.clone();
            let new = if n % 8 == 0 { large(n) } else { task(n) };
            tokio::spawn(async move { (n, backend.create(&new, NOW).await) })
        });
        for create in creates.collect::<Vec<_>>() {
            let (n, answer) = create.await.unwrap();
            assert_eq!(answer.is_ok(), n % 8 != 0, "task {n}: {answer:?}");
            assert_eq!(read(&backend, &task(n).key).await.is_some(), n % 8 != 0);
        }
        assert!(read(&backend, &task(0).key).await.is_some());
        backend.put(&task(1).key, &seal(1), NOW).await.unwrap();
        // What is removed makes room.
        assert!(backend.delete(&task(0).key).await.unwrap());
        assert_eq!(backend.create(&large(0), NOW).await.unwrap(), Create::Created);
    });
}

#[test]
fn a_failed_operation_leaves_nothing_and_takes_no_other_with_it() {
    block_on(async {
        let place = Place::new();
        let backend = Arc::new(place.open_unsynced().await);
        // The last statement of a create with an idempotency key fails.
        place.raw().execute_batch("DROP TABLE idempotency").unwrap();
        let creates = (0..40).map(|n| {
            let backend = backend.clone();
            let idempotency = (n % 2 == 0).then_some(([1; 32], [2; 32]));
            tokio::spawn(async move { backend.create(&NewTask { idempotency, ..task(n) }, NOW).await })
        });
        for (n, create) in (0..).zip(creates.collect::<Vec<_>>()) {
            let answer = create.await.unwrap();
            assert_eq!(answer.is_ok(), n % 2 == 1, "task {n}: {answer:?}");
            assert_eq!(read(&backend, &task(n).key).await.is_some(), n % 2 == 1);
        }
    });
}

#[test]
fn a_corrupt_record_is_reported_and_blocks_nothing() {
    block_on(async {
        let place = Place::new();
        let backend = Arc::new(place.open_unsynced().await);
        let store = TaskStore::new(backend.clone()).with_clock(ManualClock::new());
        for n in 0..6 {
            backend.create(&NewTask { holder: Holder::Queue, ..task(n) }, NOW).await.unwrap();
        }
        let raw = place.raw();
        let damage = |what: &str, n: u32| {
            let sql = format!("UPDATE task SET {what} WHERE id = ?1");
            assert_eq!(raw.execute(&sql, [task(n).key.id.as_bytes()]).unwrap(), 1);
        };
        // What a backend cannot know is wrong, and what it can.
        damage("head = x'00'", 1);
        damage("version = -1", 2);
        damage("fence = -1", 4);
        let page = backend.page(&Scope(task(0).key.owner), None, 10, NOW).await.unwrap();
        let listed: Vec<_> = page.tasks.iter().map(|(key, _)| key.id).collect();
        assert_eq!(listed, [5, 3, 1, 0].map(|n| task(n).key.id));
        assert_fails(backend.get(&task(2).key, Parts::all(), NOW).await, "corrupt", "");
        assert_fails(backend.put(&task(2).key, &seal(1), NOW).await, "corrupt", "");
        assert_fails(store.read(&task(1).key, Parts::empty()).await.map(drop), "corrupt", "head of task");
        let claimed = backend.claim(&Holder::Queue, &worker(1), 4, NOW).await.unwrap().taken();
        let claimed: Vec<_> = claimed.into_iter().map(|claimed| claimed.key.id).collect();
        assert_eq!(claimed, [0, 1, 3, 5].map(|n| task(n).key.id));
        // It can still be removed.
        assert!(backend.sweep(10, task(0).expires).await.unwrap() == 6);
    });
}

#[test]
fn a_program_that_keeps_the_file_locked_makes_it_unavailable() {
    block_on(async {
        let place = Place::new();
        let backend = place.open_unsynced().await;
        let raw = place.raw();
        raw.execute_batch("BEGIN IMMEDIATE").unwrap();
        let error = backend.create(&task(1), NOW).await.unwrap_err();
        assert!(error.is_retryable(), "{error:?}");
        raw.execute_batch("ROLLBACK").unwrap();
        assert_eq!(backend.create(&task(1), NOW).await.unwrap(), Create::Created);
    });
}

#[test]
fn a_number_sqlite_has_no_room_for_is_refused() {
    block_on(async {
        let place = Place::new();
        let backend = place.open_unsynced().await;
        let new = NewTask { stamp: crate::store::backend::Stamp(u64::MAX), ..task(1) };
        assert_fails(backend.create(&new, NOW).await, "refused", "63 bits");
        assert_eq!(rows(&place.raw()), []);
        // The end of time is that of SQLite.
        let eternal = NewTask { expires: Millis(u64::MAX), ..task_of(1, 2) };
        assert_eq!(backend.create(&eternal, NOW).await.unwrap(), Create::Created);
        let end = Millis(i64::MAX.unsigned_abs() - 1);
        assert!(backend.get(&eternal.key, Parts::empty(), end).await.unwrap().is_some());
        let merged = backend.merge(&eternal.key, &merge(Guard::Open, [("a", set("1"))]), end).await;
        assert_eq!(merged.unwrap(), Merged::Done);
    });
}

/// Runs as a user who may not write the file, where this one may write any.
#[cfg(unix)]
#[test]
fn a_read_only_file_is_refused() {
    use std::os::unix::{fs::PermissionsExt as _, process::CommandExt as _};

    const NOBODY: u32 = 65534;

    let place = Place::new();
    block_on(async { drop(place.open_unsynced().await) });
    // Its threads close it, and the last thing they do is to remove the log.
    while place.0.path().join("tasks.db-wal").exists() {
        std::thread::yield_now();
    }
    let protect = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    for (file, directory, why) in [(0o444, 0o777, "read-only"), (0o666, 0o555, "permission")] {
        for entry in fs::read_dir(place.0.path()).unwrap() {
            protect(&entry.unwrap().path(), 0o666);
        }
        protect(&place.path(), file);
        if directory == 0o555 {
            fs::remove_file(place.0.path().join("tasks.db-lock")).unwrap();
        }
        protect(place.0.path(), directory);
        let mut child = child::command(child::OPEN, &place.path());
        let may_write_anything = fs::OpenOptions::new().append(true).open(place.path()).is_ok();
        if may_write_anything {
            child.uid(NOBODY);
        }
        let output = child.output().unwrap();
        protect(place.0.path(), 0o777);
        let said = String::from_utf8_lossy(&output.stderr).to_lowercase();
        assert!(said.contains("refused") && said.contains(why), "{why}: {said}");
    }
}

#[test]
fn a_panic_in_a_thread_of_the_store_leaves_nothing_of_its_operation_and_the_store_usable() {
    block_on(async {
        let place = Place::new();
        let backend = place.open_unsynced().await;
        // More than there are readers.
        for n in 1..10 {
            let panicking = move |db: &Db| -> error::Result<()> {
                db.create(&task(n), NOW)?;
                panic!("as the test wants")
            };
            assert_eq!(backend.write(panicking).await.unwrap_err().code(), "unavailable");
            let panicking = |_: &Db| -> error::Result<()> { panic!("as the test wants") };
            assert_eq!(backend.read(panicking).await.unwrap_err().code(), "unavailable");
            assert_eq!(read(&backend, &task(n).key).await, None);
            assert_eq!(backend.create(&task(n), NOW).await.unwrap(), Create::Created);
            assert!(read(&backend, &task(n).key).await.is_some());
        }
    });
}
