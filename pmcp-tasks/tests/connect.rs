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
    for (url, told) in [
        ("mysql://root:secret@localhost", "unknown store `mysql:`; use "),
        ("tasks.db", "unknown store; use "),
        ("", "unknown store; use "),
        ("memory:x", "unknown store `memory:`; use "),
        ("SQLite:tasks.db", "unknown store `SQLite:`; use "),
    ] {
        let error = refused(url);
        assert!(error.starts_with(told) && error.contains("`memory:`") && !error.contains("secret"), "{error}");
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

#[test]
fn a_tool_of_operators_finds_nothing_in_memory() {
    let error = block_on(TaskStore::connect_existing("memory:")).unwrap_err();
    assert_eq!(error.to_string(), "what a server keeps in memory (`memory:`) nobody else can open");
}

#[cfg(feature = "sqlite")]
#[test]
fn a_tool_of_operators_makes_and_migrates_no_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tasks.db");
    let url = format!("sqlite:{}", path.display());
    let refused = || match block_on(TaskStore::connect_existing(&url)) {
        Err(error) if error.code() == "refused" => {
            let causes = std::iter::successors(std::error::Error::source(&error), |cause| (*cause).source());
            causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
        }
        other => panic!("{other:?}"),
    };
    let of = |sql: &str| rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    assert!(refused().contains("a server makes it when it starts"), "{}", refused());
    assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 0);
    std::fs::write(&path, "").unwrap();
    assert!(refused().contains("the file is empty"), "{}", refused());
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
    of("CREATE TABLE other (n)");
    assert!(refused().contains("another program's database"), "{}", refused());
    std::fs::remove_file(&path).unwrap();
    block_on(TaskStore::connect(&url)).unwrap();
    assert_eq!(block_on(TaskStore::connect_existing(&url)).unwrap().capabilities().name, "sqlite");
    of("PRAGMA user_version = 1");
    assert!(refused().contains("a server of this build brings it up to date"), "{}", refused());
    let version = rusqlite::Connection::open(&path).unwrap();
    let version: i64 = version.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    assert_eq!(version, 1);
}

#[cfg(not(feature = "postgres"))]
#[test]
fn postgres_needs_its_feature() {
    for url in ["postgres://me:secret@localhost/tasks", "postgresql:"] {
        assert_eq!(refused(url), "`postgres:` needs the feature `postgres` of `pmcp-tasks`");
    }
}

#[cfg(feature = "postgres")]
#[test]
fn a_url_of_postgres_that_cannot_be_used_is_told_without_secrets() {
    for url in
        ["postgres:", "postgres://me:secret@localhost/tasks?connections=many", "postgresql://me:se?cret@localhost"]
    {
        let error = refused(url);
        assert!(
            error.starts_with("the URL of a PostgreSQL store cannot be used: ") && !error.contains("cret"),
            "{error}"
        );
    }
}

#[cfg(not(feature = "sqlite"))]
#[test]
fn sqlite_needs_its_feature() {
    assert_eq!(refused("sqlite:tasks.db"), "`sqlite:` needs the feature `sqlite` of `pmcp-tasks`");
}

#[cfg(feature = "dynamodb")]
#[test]
fn dynamodb_takes_a_table() {
    for (rest, help) in [
        ("tasks", "use `dynamodb://TABLE`"),
        ("//", "a table's name"),
        ("//me:secret@tasks", "a table's name"),
        ("//tasks?create=true", "no option `create`"),
        ("//tasks?endpoint=127.0.0.1:8000", "`endpoint` is no address"),
    ] {
        let error = refused(&format!("dynamodb:{rest}"));
        assert!(error.contains(help) && !error.contains("secret"), "{error}");
    }
}

#[cfg(not(feature = "dynamodb"))]
#[test]
fn dynamodb_needs_its_feature() {
    assert_eq!(refused("dynamodb://tasks"), "`dynamodb://` needs the feature `dynamodb` of `pmcp-tasks`");
}

#[cfg(feature = "redis")]
#[test]
fn redis_takes_the_url_of_a_server() {
    for url in ["redis:", "redis://", "redis://u:secret@host:port", "rediss+cluster://u:secret@a,b/2", "redis://h?db=1"]
    {
        let error = refused(url);
        assert!(error.starts_with("this is no URL of a Redis store: ") && !error.contains("secret"), "{error}");
    }
}

#[cfg(not(feature = "redis"))]
#[test]
fn redis_needs_its_feature() {
    for scheme in ["redis", "rediss", "redis+cluster", "rediss+cluster"] {
        let error = refused(&format!("{scheme}://u:secret@localhost"));
        assert_eq!(error, "a Redis store needs the feature `redis` of `pmcp-tasks`");
    }
}
