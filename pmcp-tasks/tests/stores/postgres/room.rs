//! Bytes of sealed tasks, which are kept as a sum of what came and went.

use pmcp_tasks::store::backend::{Create, TASK_BYTES, Written};

use super::*;

/// Rows of the sum, and what they come to.
async fn taken(schema: &str) -> (i64, i64) {
    let admin = raw(&server(NEWEST)).await;
    let query = format!("SELECT count(*), coalesce(sum(bytes), 0)::bigint FROM {schema}.taken");
    let row = admin.query_one(&query, &[]).await.unwrap();
    (row.get(0), row.get(1))
}

#[test]
#[ignore = "needs PostgreSQL: `cargo xtask services`"]
fn the_sum_is_put_together_and_ends_with_the_last_task() {
    block_on(async {
        let schema = fresh();
        let backend = open(&url(NEWEST, &schema)).await;
        let size = i64::try_from(TASK_BYTES + 7 + 4 + 7).unwrap();
        for n in 0..200 {
            backend.create(&task(n), NOW).await.unwrap();
            backend.put(&task(n).key, &seal(1), NOW).await.unwrap();
        }
        let (rows, bytes) = taken(&schema).await;
        assert!(rows <= 70 && bytes == 200 * size, "{rows} {bytes}");
        for n in 0..20 {
            assert!(backend.delete(&task(n).key).await.unwrap());
        }
        assert_eq!(taken(&schema).await.1, 180 * size);
        assert_eq!(backend.sweep(1000, Millis(NOW.0 + TTL)).await.unwrap(), 180);
        assert_eq!(taken(&schema).await, (0, 0));
    });
}

#[test]
#[ignore = "needs PostgreSQL: `cargo xtask services`"]
fn owners_who_write_at_once_stay_in_their_room() {
    block_on(async {
        let schema = fresh();
        let backend = std::sync::Arc::new(open(&url(NEWEST, &schema)).await);
        let max_bytes = 20 * (TASK_BYTES + 100);
        let working: Vec<_> = (0..8)
            .map(|caller| {
                let backend = backend.clone();
                tokio::spawn(async move {
                    for n in 0..40 {
                        let new = NewTask { max_bytes, ..task_of(caller % 2, caller * 1000 + n) };
                        assert_eq!(backend.create(&new, NOW).await.unwrap(), Create::Created);
                        backend.put(&new.key, &seal(1), Millis(NOW.0 + u64::from(n))).await.unwrap();
                        if n % 7 == 0 {
                            backend.delete(&new.key).await.unwrap();
                        }
                    }
                })
            })
            .collect();
        for caller in working {
            caller.await.unwrap();
        }
        let admin = raw(&server(NEWEST)).await;
        let query =
            format!("SELECT sum(bytes)::bigint, (SELECT sum(bytes)::bigint FROM {schema}.taken) FROM {schema}.task");
        let row = admin.query_one(&query, &[]).await.unwrap();
        let (stored, summed): (i64, i64) = (row.get(0), row.get(1));
        assert_eq!(stored, summed);
        assert!(stored <= 2 * i64::try_from(max_bytes).unwrap(), "{stored} of {}", 2 * max_bytes);
        // Parts of no task are left.
        for table in ["variable", "step", "grown"] {
            let orphans =
                format!("SELECT count(*) FROM {schema}.{table} WHERE task NOT IN (SELECT n FROM {schema}.task)");
            assert_eq!(admin.query_one(&orphans, &[]).await.unwrap().get::<_, i64>(0), 0, "{table}");
        }
    });
}

#[test]
#[ignore = "needs PostgreSQL: `cargo xtask services`"]
fn tasks_of_an_owner_that_end_at_once_stay_in_his_room() {
    block_on(async {
        let schema = fresh();
        let backend = std::sync::Arc::new(open(&url(NEWEST, &schema)).await);
        let admin = raw(&server(NEWEST)).await;
        let outcome = Bytes::from(vec![b'r'; 4000]);
        for owner in 0..20 {
            // For half of the outcomes: each by itself has room.
            let max_bytes = 8 * (TASK_BYTES + 100) + 4 * 4000;
            for n in 0..8 {
                let new = NewTask { max_bytes, ..task_of(owner, n) };
                assert_eq!(backend.create(&new, NOW).await.unwrap(), Create::Created);
            }
            let ending: Vec<_> = (0..8)
                .map(|n| {
                    let (backend, outcome) = (backend.clone(), Some(outcome.clone()));
                    let key = task_of(owner, n).key;
                    tokio::spawn(async move { backend.put(&key, &Put { outcome, ..seal(1) }, NOW).await.unwrap() })
                })
                .collect();
            for end in ending {
                assert!(matches!(end.await.unwrap(), Written::Done { .. }));
            }
            let query = format!("SELECT sum(bytes)::bigint FROM {schema}.task WHERE owner = $1");
            let stored: i64 = admin.query_one(&query, &[&&task_of(owner, 0).key.owner.0[..]]).await.unwrap().get(0);
            assert!(stored <= i64::try_from(max_bytes).unwrap(), "{stored} of {max_bytes}");
        }
    });
}
