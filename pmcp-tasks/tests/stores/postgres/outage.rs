//! A server that is killed and started again under running lifecycles.

use std::sync::Arc;

use pmcp_tasks::store::backend::{Beat, Create, Merged, Recorded, Written};

use super::{server::Server, *};

#[test]
#[ignore = "needs PostgreSQL on this machine: `cargo xtask services`"]
fn a_server_killed_under_lifecycles_loses_nothing_that_was_answered() {
    block_on(async {
        let mut server = Server::start();
        let backend = Arc::new(open_again(&server.url("127.0.0.1", "")).await);
        assert_eq!(backend.beat(&worker(9), PERIOD, NOW).await.unwrap(), Beat::Alive(1));
        assert!(backend.bury(&worker(9), 1).await.unwrap());
        let running: Vec<_> = (0..120)
            .map(|n| {
                let backend = backend.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(u64::from(n) * 15)).await;
                    lifecycle(&backend, n).await;
                })
            })
            .collect();
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(400)).await;
            server.kill();
            tokio::time::sleep(Duration::from_millis(100)).await;
            server.start_again();
        }
        for lifecycle in running {
            lifecycle.await.unwrap();
        }
        for n in 0..120 {
            let key = task_of(n % 10, n).key;
            let task = insist(|| backend.get(&key, Parts::all(), NOW)).await.unwrap();
            assert_eq!((task.version, task.open, task.outcome.as_deref()), (3, false, Some(&b"outcome"[..])));
            assert_eq!(task.variables.unwrap()["count"], "3");
            assert_eq!(task.steps.unwrap()["fetch"], "1");
        }
        // Burials are kept, too.
        let refused = NewTask { holder: Holder::Worker(worker(9)), ..task(900) };
        assert_eq!(insist(|| backend.create(&refused, NOW)).await, Create::Buried);
    });
}

/// From a create to the end: each write is tried until it is answered, and is made once.
async fn lifecycle(backend: &PostgresBackend, n: u32) {
    let new = task_of(n % 10, n);
    let key = &new.key;
    let created = insist(|| backend.create(&new, NOW)).await;
    assert!(matches!(created, Create::Created | Create::Replayed), "{created:?}");
    for count in 0..3_u32 {
        let was = (count > 0).then(|| Bytes::from(count.to_string()));
        let op = FieldOp::SetIf { was, value: (count + 1).to_string().into() };
        let add = Merge { ops: vec![("count".into(), op)], ..merge("", "") };
        let merged = insist(|| backend.merge(key, &add, NOW)).await;
        assert!(matches!(merged, Merged::Done | Merged::Replayed), "{merged:?}");
    }
    let fetched = step("fetch", "1");
    let recorded = insist(|| backend.record(key, &fetched, NOW)).await;
    assert!(matches!(&recorded, Recorded::Recorded | Recorded::Exists(_)), "{recorded:?}");
    for write in [Put { fence: Some(1), ..put(1) }, Put { fence: Some(1), ..seal(2) }] {
        let written = insist(|| backend.put(key, &write, NOW)).await;
        assert!(matches!(&written, Written::Done { .. } | Written::Replayed(_)), "{written:?}");
    }
}

/// Connects, if need be while the server still starts.
async fn open_again(url: &str) -> PostgresBackend {
    insist(|| PostgresBackend::connect(url)).await
}
