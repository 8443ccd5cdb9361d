//! Calls that are dropped, held up or refused in the middle.

use std::time::Instant;

use pmcp_tasks::store::backend::{Create, Merged};

use super::*;

#[test]
#[ignore = "needs PostgreSQL: `cargo xtask services`"]
fn a_dropped_call_keeps_nobody_waiting() {
    block_on(async {
        let schema = fresh();
        let backend = open(&format!("{}&connections=1", url(NEWEST, &schema))).await;
        for n in 1..3 {
            backend.create(&task(n), NOW).await.unwrap();
        }
        let holder = raw(&server(NEWEST)).await;
        holder.batch_execute(&format!("BEGIN; SELECT FROM {schema}.task FOR UPDATE")).await.unwrap();
        let write = merge("a", "1");
        let key = task(1).key;
        let dropped = tokio::time::timeout(Duration::from_millis(300), backend.merge(&key, &write, NOW)).await;
        assert!(dropped.is_err(), "it waits for the lock");
        // The only connection still waits for the lock: the next call has another one.
        let begun = Instant::now();
        assert!(backend.get(&task(2).key, Parts::empty(), NOW).await.unwrap().is_some());
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
        // What was sent is made as a whole or not at all.
        holder.batch_execute("COMMIT").await.unwrap();
        let again = insist(|| backend.merge(&key, &write, NOW)).await;
        assert!(matches!(again, Merged::Done | Merged::Replayed), "{again:?}");
        assert_eq!(variables(&backend, &key).await, BTreeMap::from([("a".to_owned(), "1".into())]));
    });
}

#[test]
#[ignore = "needs PostgreSQL: `cargo xtask services`"]
fn an_operation_of_several_statements_ends_in_time() {
    block_on(async {
        let schema = fresh();
        let backend = open(&url(NEWEST, &schema)).await;
        backend.create(&task(1), NOW).await.unwrap();
        // A create first finds that an expired task lies under its key, then removes that: both wait.
        let (first, second) = (raw(&server(NEWEST)).await, raw(&server(NEWEST)).await);
        first.batch_execute(&format!("BEGIN; LOCK TABLE {schema}.taken IN ACCESS EXCLUSIVE MODE")).await.unwrap();
        second.batch_execute(&format!("BEGIN; SELECT FROM {schema}.task FOR UPDATE")).await.unwrap();
        let release = async {
            tokio::time::sleep(Duration::from_secs(6)).await;
            first.batch_execute("COMMIT").await.unwrap();
        };
        let begun = Instant::now();
        let anew = NewTask { expires: Millis(NOW.0 + 3 * TTL), ..task(1) };
        let (created, ()) = tokio::join!(backend.create(&anew, Millis(NOW.0 + 2 * TTL)), release);
        let error = created.unwrap_err();
        assert!(error.is_retryable() && begun.elapsed() < Duration::from_secs(12), "{:?} {error:?}", begun.elapsed());
        second.batch_execute("COMMIT").await.unwrap();
        let created = insist(|| backend.create(&anew, Millis(NOW.0 + 2 * TTL))).await;
        assert_eq!(created, Create::Created);
    });
}

#[test]
#[ignore = "needs PostgreSQL: `cargo xtask services`"]
fn a_claim_that_cannot_read_what_it_takes_takes_nothing() {
    block_on(async {
        let schema = fresh();
        let backend = open(&url(NEWEST, &schema)).await;
        let queued = NewTask { holder: Holder::Queue, ..task(1) };
        backend.create(&queued, NOW).await.unwrap();
        let admin = raw(&server(NEWEST)).await;
        admin.batch_execute(&format!("ALTER TABLE {schema}.step RENAME TO away")).await.unwrap();
        let error = backend.claim(&Holder::Queue, &worker(1), 1, NOW).await.unwrap_err();
        assert_eq!(error.code(), "refused", "{error:?}");
        assert_eq!(backend.held(&Holder::Queue, None, 9).await.unwrap(), [queued.key]);
        admin.batch_execute(&format!("ALTER TABLE {schema}.away RENAME TO step")).await.unwrap();
        let claimed = backend.claim(&Holder::Queue, &worker(1), 1, NOW).await.unwrap().taken();
        assert_eq!((claimed.len(), claimed[0].task.fence), (1, 2));
    });
}
