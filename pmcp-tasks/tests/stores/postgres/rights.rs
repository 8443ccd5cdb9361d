//! An account that may read and write, and make nothing.

use pmcp_tasks::store::backend::{Beat, Create};

use super::*;

#[test]
#[ignore = "needs PostgreSQL: `cargo xtask services`"]
fn an_account_that_may_make_nothing_uses_tables_an_administrator_made() {
    block_on(async {
        let (schema, account) = (fresh(), fresh());
        let admin = raw(&server(NEWEST)).await;
        admin.batch_execute(&format!("CREATE ROLE {account} LOGIN PASSWORD 'rights'")).await.unwrap();
        let (_, after) = url(NEWEST, &schema).rsplit_once('@').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        let url = format!("postgres://{account}:rights@{after}");
        let error = PostgresBackend::connect(&url).await.unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(error.code() == "refused" && cause.contains("tables.sql"), "{cause}");

        // As its head says.
        let script = PostgresBackend::TABLES.replace("pmcp", &schema);
        for _ in 0..2 {
            admin.batch_execute(&script).await.unwrap();
        }
        let rights: Vec<_> = script
            .lines()
            .filter_map(|line| line.strip_prefix("--   ").filter(|line| line.starts_with("GRANT")))
            .collect();
        assert_eq!(rights.len(), 2);
        for right in rights {
            admin.batch_execute(&right.replace("server", &account)).await.unwrap();
        }

        let backend = open(&url).await;
        let key = &task(1).key;
        assert_eq!(backend.beat(&worker(0), PERIOD, NOW).await.unwrap(), Beat::Alive(1));
        assert_eq!(backend.create(&task(1), NOW).await.unwrap(), Create::Created);
        backend.merge(key, &merge("a", "1"), NOW).await.unwrap();
        backend.record(key, &step("fetch", "1"), NOW).await.unwrap();
        assert_eq!(backend.claim(&task(1).holder, &worker(1), 1, NOW).await.unwrap().taken().len(), 1);
        assert!(backend.bury(&worker(0), 1).await.unwrap());
        backend.settle(&worker(0)).await.unwrap();
        backend.put(key, &seal(2), NOW).await.unwrap();
        assert_eq!(backend.page(&task(1).scope.unwrap(), None, 9, NOW).await.unwrap().tasks.len(), 1);
        assert_eq!(backend.sweep(9, Millis(NOW.0 + TTL)).await.unwrap(), 1);
        assert!(!backend.delete(key).await.unwrap());
    });
}
