//! Removal of what has expired.

use std::sync::Arc;

use super::*;

#[test]
#[ignore = "needs PostgreSQL: `cargo xtask services`"]
fn a_merge_that_comes_late_leaves_nothing_behind() {
    block_on(async {
        let schema = fresh();
        let backend = Arc::new(open(&url(NEWEST, &schema)).await);
        for round in 0..40 {
            for n in 0..8 {
                backend.create(&task_of(n, round), NOW).await.unwrap();
            }
            // By the clock of whoever sweeps they have expired, by that of whoever merges they have not.
            let merging: Vec<_> = (0..8)
                .map(|n| {
                    let backend = backend.clone();
                    tokio::spawn(async move {
                        for name in ["a", "b", "c", "d"] {
                            backend.merge(&task_of(n, round).key, &merge(name, "1"), NOW).await.unwrap();
                        }
                    })
                })
                .collect();
            let mut swept = 0;
            while swept < 8 {
                swept += backend.sweep(8, Millis(NOW.0 + TTL)).await.unwrap();
            }
            for merge in merging {
                merge.await.unwrap();
            }
        }
        let admin = raw(&server(NEWEST)).await;
        for table in ["task", "variable", "grown"] {
            let count = format!("SELECT count(*) FROM {schema}.{table}");
            assert_eq!(admin.query_one(&count, &[]).await.unwrap().get::<_, i64>(0), 0, "{table}");
        }
    });
}
