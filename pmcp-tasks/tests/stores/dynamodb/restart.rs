//! An engine that is killed and started again in the middle of work loses nothing that was answered.

use std::{
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use pmcp_tasks::{
    store::{
        DynamoDbBackend, DynamoDbTable, StorageBackend, StoreError,
        backend::{Create, Guard, Merge, Merged, Parts, Written},
    },
    testing::block_on,
};

use super::tasks::{NOW, merge, seal, set, task};

struct Engine(Child);

impl Engine {
    fn start(port: u16, file: &Path) -> Self {
        let program =
            std::env::var("PMCP_TEST_DYNAMODB_ENGINE").expect("`cargo xtask services` tells PMCP_TEST_DYNAMODB_ENGINE");
        let mut engine = Command::new(program);
        engine.args(["serve", "--port", &port.to_string(), "--db-path"]).arg(file);
        Self(engine.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Repeats an operation, with its write id, for as long as the service is away.
async fn done<T, F: Future<Output = Result<T, StoreError>>>(operation: impl Fn() -> F) -> T {
    let began = Instant::now();
    loop {
        match operation().await {
            Ok(done) => return done,
            Err(error) => assert!(error.is_retryable() && began.elapsed() < Duration::from_secs(40), "{error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
fn a_restart_in_the_middle_loses_nothing() {
    block_on(async {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("engine.db");
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut engine = Engine::start(port, &file);
        let table = DynamoDbTable::new("tasks").region("local").endpoint(format!("http://127.0.0.1:{port}"));
        done(|| DynamoDbBackend::create_table(&table)).await;
        let store = Arc::new(done(|| DynamoDbBackend::connect(table.clone())).await);
        let working: Vec<_> = (0..4_u32)
            .map(|lane| {
                let store = store.clone();
                tokio::spawn(async move {
                    for n in (0..25).map(|n| lane * 100 + n) {
                        let (new, key) = (task(n), task(n).key);
                        let created = done(|| store.create(&new, NOW)).await;
                        assert!(matches!(created, Create::Created | Create::Replayed), "{created:?}");
                        for add in 0..2 {
                            let was = (add > 0).then(|| add.to_string().into());
                            let value = (add + 1).to_string().into();
                            let op = pmcp_tasks::store::backend::FieldOp::SetIf { was, value };
                            let add = Merge { guard: Guard::Fence(1), ..merge(vec![("n".into(), op), set("x", "1")]) };
                            let merged = done(|| store.merge(&key, &add, NOW)).await;
                            assert!(matches!(merged, Merged::Done | Merged::Replayed), "{merged:?}");
                        }
                        let end = seal(1, "outcome");
                        let written = done(|| store.put(&key, &end, NOW)).await;
                        assert!(
                            matches!(written, Written::Done { version: 2, .. } | Written::Replayed(_)),
                            "{written:?}"
                        );
                    }
                })
            })
            .collect();
        for _ in 0..5 {
            tokio::time::sleep(Duration::from_millis(400)).await;
            drop(engine);
            tokio::time::sleep(Duration::from_millis(150)).await;
            engine = Engine::start(port, &file);
        }
        for lane in working {
            lane.await.unwrap();
        }
        for n in (0..4).flat_map(|lane| (0..25).map(move |n| lane * 100 + n)) {
            let stored = store.get(&task(n).key, Parts::all(), NOW).await.unwrap().unwrap();
            assert_eq!((stored.version, stored.open, stored.outcome), (2, false, Some("outcome".into())));
            assert_eq!(stored.variables.unwrap()["n"], "2");
        }
        // The ledger has none of them as open.
        let refused = store.create(&pmcp_tasks::store::backend::NewTask { quota: 1, ..task(9999) }, NOW).await.unwrap();
        assert_eq!(refused, Create::Created);
        drop(engine);
    });
}
