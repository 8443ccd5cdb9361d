//! A disk without room, and one whose writes do not arrive: what callers learn, and that it goes on when it is mended.

use std::{fs, process::Command};

use super::{
    child::{Other, hear, say},
    failures::chain,
    *,
};
use crate::testing::fixtures::{read, task};

/// Creates the tasks it is told to and says what came of each.
pub(super) async fn create_as_told(file: &Path) {
    let backend = SqliteBackend::open(file).await.unwrap();
    while let Some(line) = hear() {
        let new = NewTask { quota: u32::MAX, body: vec![1; 20_000].into(), ..task(line.parse().unwrap()) };
        match backend.create(&new, NOW).await {
            Ok(created) => say(format!("{created:?}")),
            Err(error) => say(format!("{}: {}", error.code(), chain(&error))),
        }
    }
}

/// A store in another process, on a disk with faults.
struct Disk {
    place: Place,
    process: Other,
}

impl Disk {
    fn new() -> Self {
        let place = Place::new();
        let library = place.0.path().join("disk.so");
        // SQLite was compiled by it, too.
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/sqlite/tests/disk.c");
        let compiled = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source).status();
        assert!(compiled.unwrap().success());
        let mut command = child::command(child::DISK, &place.path());
        command.env("LD_PRELOAD", library).env("PMCP_TEST_DISK", place.0.path());
        Self { process: Other::of(command), place }
    }

    fn create(&mut self, n: u32) -> String {
        self.process.say(&n.to_string());
        self.process.hear().unwrap()
    }

    fn fault(&self, name: &str) -> PathBuf {
        self.place.0.path().join(name)
    }
}

#[track_caller]
fn assert_says(said: &str, words: [&str; 2]) {
    assert!(words.iter().all(|word| said.contains(word)), "{said}");
}

#[test]
fn a_disk_that_fails_for_a_while_loses_nothing_that_was_acknowledged() {
    for (fault, words) in [("full", ["refused", "disk is full"]), ("fsync", ["unavailable", "fsync"])] {
        let mut disk = Disk::new();
        assert_eq!(disk.create(1), "Created");
        for n in 0..3 {
            fs::write(disk.fault(fault), "").unwrap();
            assert_says(&disk.create(10 + n), words);
            assert_says(&disk.create(20 + n), words);
            fs::remove_file(disk.fault(fault)).unwrap();
            // Nothing of the one that failed is there, and it can be repeated.
            assert_eq!(disk.create(10 + n), "Created");
            assert_eq!(disk.create(30 + n), "Created");
        }
        disk.process.kill();
        block_on(async {
            let backend = disk.place.open().await;
            for n in [1, 10, 11, 12, 30, 31, 32] {
                assert!(read(&backend, &task(n).key).await.is_some(), "{fault}: task {n}");
            }
            for n in 20..23 {
                assert!(read(&backend, &task(n).key).await.is_none(), "{fault}: task {n}");
            }
        });
    }
}

/// What fails while the log is copied into the database concerns no answer: it stays in the log, and is copied again.
#[test]
fn a_disk_that_fails_while_the_log_is_copied_loses_nothing_that_was_acknowledged() {
    // More than make the log so long that it is copied.
    const MANY: u32 = 600;
    let mut disk = Disk::new();
    let fault = disk.fault("fsync-database");
    for n in 0..2 * MANY {
        if n == 1 {
            fs::write(&fault, "").unwrap();
        }
        if n == MANY {
            assert!(disk.fault("fsync-database-failed").exists(), "the log was not copied");
            fs::remove_file(&fault).unwrap();
        }
        assert_eq!(disk.create(n), "Created");
    }
    disk.process.kill();
    block_on(async {
        let backend = disk.place.open().await;
        for n in 0..2 * MANY {
            assert!(read(&backend, &task(n).key).await.is_some(), "task {n}");
        }
    });
}
