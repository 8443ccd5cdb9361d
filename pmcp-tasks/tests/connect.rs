//! The stores that URLs name.

#[cfg(feature = "sqlite")]
use pmcp_tasks::store::SqliteBackend;
use pmcp_tasks::{TaskStore, testing::block_on};

#[track_caller]
fn refused(url: &str) -> String {
    match block_on(TaskStore::connect(url)) {
        Err(error) if error.code() == "url" => error.to_string(),
        other => panic!("{url}: {other:?}"),
    }
}

#[test]
fn an_unknown_scheme_says_what_there_is() {
    for url in ["postgres://localhost", "tasks.db", "", "memory:x", "SQLite:tasks.db"] {
        assert_eq!(refused(url), format!("unknown store `{url}`; use `memory:` or `sqlite:` and a path"));
    }
}

#[test]
fn memory_is_in_every_build() {
    assert_eq!(block_on(TaskStore::connect("memory:")).unwrap().capabilities().name, "memory");
}

#[cfg(feature = "sqlite")]
#[test]
fn sqlite_takes_a_path() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("my tasks%20#1.db");
    let store = block_on(TaskStore::connect(&format!("sqlite:{}", path.display()))).unwrap();
    assert_eq!(store.capabilities().name, "sqlite");
    assert!(path.exists());
    for (path, help) in [
        (":memory:", "for a store in memory use `memory:`"),
        ("", "such as `sqlite:tasks.db`"),
        ("//tasks.db", "without `//`"),
        ("file:tasks.db", "without `file:`"),
        ("tasks.db?mode=ro", "the path of a file, such as `sqlite:tasks.db`"),
        ("file:tasks.db?cache=shared", "without `file:`"),
    ] {
        let error = refused(&format!("sqlite:{path}"));
        assert!(error.contains(help), "{error}");
    }
    let path = directory.path().join("no.db?mode=rw");
    assert!(refused(&format!("sqlite:{}", path.display())).contains("SqliteBackend::open"));
    assert!(!path.exists() && !directory.path().join("no.db").exists(), "a file was made");
    block_on(SqliteBackend::open(&path)).unwrap();
    assert!(path.exists());
    let error = block_on(TaskStore::connect("sqlite:/no/such/directory/tasks.db")).unwrap_err();
    assert_eq!(error.code(), "refused");
}

#[cfg(not(feature = "sqlite"))]
#[test]
fn sqlite_needs_its_feature() {
    assert_eq!(refused("sqlite:tasks.db"), "`sqlite:` needs the feature `sqlite` of `pmcp-tasks`");
}
