//! Files that are deleted, replaced or cut while the store is open.

use std::fs;

use super::{
    child::{Other, hear, say},
    failures::assert_fails,
    *,
};
use crate::testing::fixtures::{put, read, task, worker};

/// The path of a file beside the database.
fn beside(place: &Place, suffix: &str) -> PathBuf {
    let mut path = place.path().into_os_string();
    path.push(suffix);
    path.into()
}

/// Cuts a file to so many bytes.
fn cut(path: &Path, size: u64) {
    fs::OpenOptions::new().write(true).open(path).unwrap().set_len(size).unwrap();
}

/// A store that refuses everything, for a reason that names the file, and goes on refusing.
async fn assert_refuses(backend: &SqliteBackend, file: &Path, why: &str) {
    let file = fs::canonicalize(file.parent().unwrap()).unwrap().join(file.file_name().unwrap());
    for why in [&file.display().to_string(), why, "restart"] {
        assert_fails(backend.create(&task(900), NOW).await, "refused", why);
        assert_fails(backend.put(&task(1).key, &put(1), NOW).await, "refused", why);
        assert_fails(backend.beat(&worker(1), PERIOD, NOW).await, "refused", why);
        assert_fails(backend.get(&task(1).key, Parts::all(), NOW).await, "refused", why);
        assert_fails(backend.workers().await, "refused", why);
    }
}

#[test]
fn a_deleted_file_of_the_store_is_refused_with_its_name() {
    block_on(async {
        for suffix in ["", "-wal", "-shm", "-lock", "-wait"] {
            let place = Place::new();
            let backend = place.open_unsynced().await;
            backend.create(&task(1), NOW).await.unwrap();
            fs::remove_file(beside(&place, suffix)).unwrap();
            assert_refuses(&backend, &beside(&place, suffix), "deleted or replaced").await;
        }
    });
}

#[test]
fn a_replaced_file_of_the_store_is_refused_with_its_name() {
    block_on(async {
        for suffix in ["", "-wal", "-shm", "-lock", "-wait"] {
            let place = Place::new();
            let backend = place.open_unsynced().await;
            backend.create(&task(1), NOW).await.unwrap();
            let (path, copy) = (beside(&place, suffix), place.0.path().join("copy"));
            fs::copy(&path, &copy).unwrap();
            fs::rename(&copy, &path).unwrap();
            assert_refuses(&backend, &path, "deleted or replaced").await;
        }
    });
}

#[test]
fn a_cut_file_is_refused_with_its_name() {
    block_on(async {
        for suffix in ["", "-wal", "-shm"] {
            for part in [0, 1, 2] {
                let place = Place::new();
                let backend = place.open_unsynced().await;
                for n in 0..40 {
                    backend.create(&task(n), NOW).await.unwrap();
                }
                if suffix.is_empty() {
                    // Until then all is in the log.
                    place.raw().execute_batch("PRAGMA wal_checkpoint(PASSIVE)").unwrap();
                    backend.create(&task(40), NOW).await.unwrap();
                }
                let path = beside(&place, suffix);
                let size = fs::metadata(&path).unwrap().len();
                cut(&path, size * part / 3);
                assert_refuses(&backend, &path, "cut").await;
            }
        }
    });
}

#[test]
fn an_overwritten_log_is_refused_whatever_its_size() {
    block_on(async {
        let place = Place::new();
        let backend = place.open_unsynced().await;
        for n in 0..10 {
            backend.create(&task(n), NOW).await.unwrap();
        }
        let path = beside(&place, "-wal");
        let size = fs::metadata(&path).unwrap().len();
        cut(&path, 0);
        cut(&path, size);
        assert_refuses(&backend, &path, "cut or overwritten").await;
    });
}

/// The log is cut after a group of writes began and before it is committed, so that the commit fills it up again.
#[test]
fn a_log_that_is_cut_within_a_transaction_takes_the_answer_with_it() {
    for part in [0, 1, 2] {
        block_on(async {
            let place = Place::new();
            let backend = place.open_unsynced().await;
            for n in 0..10 {
                backend.create(&task(n), NOW).await.unwrap();
            }
            let path = beside(&place, "-wal");
            let (new, log) = (task(50), path.clone());
            let answer = backend.write(move |db| {
                cut(&log, fs::metadata(&log).unwrap().len() * part / 3);
                db.create(&new, NOW)
            });
            assert_fails(answer.await.map(drop), "refused", "cut or overwritten");
            assert_refuses(&backend, &path, "cut or overwritten").await;
        });
    }
}

/// Creates tasks without pause and says which were acknowledged, until the store refuses; then waits.
pub(super) async fn create_until_refused(file: &Path) {
    let backend = SqliteBackend::open(file).await.unwrap();
    for n in 0.. {
        match backend.create(&NewTask { quota: u32::MAX, ..task(n) }, NOW).await {
            Ok(_) => say(n.to_string()),
            Err(error) => {
                say(format!("refused {error:?}"));
                break;
            }
        }
    }
    hear();
}

#[test]
fn nothing_is_acknowledged_after_the_damage_that_a_restart_would_not_find() {
    for suffix in ["-wal", "-shm", "-lock", "-wait"] {
        let place = Place::new();
        let mut other = Other::start(child::DAMAGED, &place.path());
        let mut acknowledged = 0;
        while acknowledged < 30 {
            acknowledged = other.hear().unwrap().parse().unwrap();
        }
        fs::remove_file(beside(&place, suffix)).unwrap();
        let refused = loop {
            let line = other.hear().unwrap();
            if line.starts_with("refused") {
                break line;
            }
            // The log speaks there, too.
            acknowledged = line.parse().unwrap_or(acknowledged);
        };
        assert!(refused.contains(suffix), "{suffix}: {refused}");
        other.kill();
        block_on(async {
            let backend = place.open().await;
            for n in 0..=acknowledged {
                assert!(read(&backend, &task(n).key).await.is_some(), "{suffix}: task {n} of {acknowledged}");
            }
        });
    }
}

#[test]
fn what_is_left_of_a_cut_log_is_not_copied_into_the_database() {
    block_on(async {
        let place = Place::new();
        let backend = place.open_unsynced().await;
        for n in 0..20 {
            backend.create(&task(n), NOW).await.unwrap();
        }
        place.raw().execute_batch("PRAGMA wal_checkpoint(PASSIVE)").unwrap();
        for n in 20..40 {
            backend.create(&task(n), NOW).await.unwrap();
        }
        let path = beside(&place, "-wal");
        let size = fs::metadata(&path).unwrap().len();
        cut(&path, 0);
        cut(&path, size);
        assert_fails(backend.create(&task(50), NOW).await, "refused", "cut or overwritten");
        let before = fs::read(place.path()).unwrap();
        close(backend, &place).await;
        assert!(fs::read(place.path()).unwrap() == before);
        let backend = place.open_unsynced().await;
        assert!(read(&backend, &task(19).key).await.is_some());
    });
}

/// Drops a store and waits until its threads have, too.
async fn close(backend: SqliteBackend, place: &Place) {
    drop(backend);
    let database = fs::canonicalize(place.path()).unwrap();
    let is_open = || {
        let mut links = fs::read_dir("/proc/self/fd").unwrap().filter_map(|fd| fs::read_link(fd.ok()?.path()).ok());
        links.any(|link| link == database)
    };
    while is_open() {
        tokio::task::yield_now().await;
    }
}

#[test]
fn damage_is_logged_once() {
    let place = Place::new();
    let (_queries, waiting) = mpsc::channel();
    let writer = start(&place.path(), &Options::default(), 1, waiting).unwrap();
    fs::remove_file(beside(&place, "-wal")).unwrap();
    let (errors, count) = Events::of(tracing::Level::ERROR);
    tracing::subscriber::with_default(errors, || {
        for _ in 0..3 {
            assert!(writer.db.check().is_err());
        }
    });
    assert_eq!(count.load(Ordering::Relaxed), 1);
}

#[test]
fn others_that_come_and_go_do_not_make_it_refuse() {
    block_on(async {
        let place = Place::new();
        let backend = place.open_unsynced().await;
        for n in 0..60 {
            let other = (n % 3 == 0).then(|| child::command(child::OPEN, &place.path()).output().unwrap());
            if let Some(output) = other {
                assert!(String::from_utf8_lossy(&output.stderr).contains("Ok(SqliteBackend"), "{output:?}");
            }
            let raw = place.raw();
            match n % 4 {
                0 => raw.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap(),
                1 => raw.execute_batch("PRAGMA wal_checkpoint(RESTART); CREATE TABLE a (b); DROP TABLE a").unwrap(),
                2 => raw.execute_batch("VACUUM; PRAGMA wal_checkpoint(FULL)").unwrap(),
                _ => drop(place.open_unsynced().await),
            }
            assert_eq!(backend.create(&task(n), NOW).await.unwrap(), Create::Created);
            assert!(read(&backend, &task(n).key).await.is_some());
        }
    });
}

#[test]
fn a_log_that_another_program_empties_at_any_moment_does_not_make_it_refuse() {
    block_on(async {
        let place = Place::new();
        let backend = place.open_unsynced().await;
        let (done, path) = (Arc::new(()), place.path());
        let running = Arc::downgrade(&done);
        let emptying = thread::spawn(move || {
            let raw = Connection::open(path).unwrap();
            raw.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
            let mut count = 0;
            while running.strong_count() > 0 {
                raw.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
                count += 1;
            }
            count
        });
        for n in 0..2000 {
            let created = backend.create(&NewTask { quota: u32::MAX, ..task(n) }, NOW).await.unwrap();
            assert_eq!(created, Create::Created);
            assert!(read(&backend, &task(n).key).await.is_some());
        }
        drop(done);
        assert!(emptying.join().unwrap() > 10);
    });
}

/// A second name is refused when the store is opened, and while it has one.
#[test]
fn a_file_with_two_names_is_refused() {
    block_on(async {
        let place = Place::new();
        let backend = place.open_unsynced().await;
        backend.create(&task(1), NOW).await.unwrap();
        let second = place.0.path().join("second.db");
        fs::hard_link(place.path(), &second).unwrap();
        assert_fails(SqliteBackend::open(&second).await, "refused", "hard link");
        assert_fails(SqliteBackend::open(place.path()).await, "refused", "hard link");
        assert!(!place.0.path().join("second.db-lock").exists());
        assert_fails(backend.create(&task(2), NOW).await, "refused", "hard link");
        fs::remove_file(&second).unwrap();
        assert_eq!(backend.create(&task(2), NOW).await.unwrap(), Create::Created);
    });
}

#[test]
fn a_symbolic_link_leads_to_the_same_store() {
    block_on(async {
        let (place, elsewhere) = (Place::new(), Place::new());
        std::os::unix::fs::symlink(place.path(), elsewhere.path()).unwrap();
        // Its lock would lie elsewhere than that of those who come when the file is there.
        assert_fails(SqliteBackend::open(elsewhere.path()).await, "refused", "link to a file that does not exist");
        let backend = place.open_unsynced().await;
        let linked = elsewhere.open_unsynced().await;
        backend.create(&task(1), NOW).await.unwrap();
        assert!(read(&linked, &task(1).key).await.is_some());
        let mut names = fs::read_dir(elsewhere.0.path()).unwrap();
        assert!(names.all(|name| name.unwrap().file_name() == "tasks.db"));
    });
}

#[test]
fn new_files_are_for_their_user_alone_and_others_keep_their_mode() {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    block_on(async {
        let place = Place::new();
        let backend = place.open_unsynced().await;
        backend.create(&task(1), NOW).await.unwrap();
        for suffix in ["", "-wal", "-shm", "-lock", "-wait"] {
            assert_eq!(mode(&beside(&place, suffix)), 0o600, "{suffix}");
        }
        let place = Place::new();
        for suffix in ["", "-lock", "-wait"] {
            fs::write(beside(&place, suffix), "").unwrap();
            fs::set_permissions(beside(&place, suffix), fs::Permissions::from_mode(0o640)).unwrap();
        }
        let backend = place.open_unsynced().await;
        backend.create(&task(1), NOW).await.unwrap();
        for suffix in ["", "-wal", "-shm", "-lock", "-wait"] {
            assert_eq!(mode(&beside(&place, suffix)), 0o640, "{suffix}");
        }
    });
}
