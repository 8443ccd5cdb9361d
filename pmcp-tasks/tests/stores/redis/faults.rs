//! Faults of a network and a server: lost answers, cut connections, silence, restarts, roles and passwords.

use std::time::{Duration, Instant};

use pmcp_tasks::{
    TaskStore,
    store::{
        RedisBackend, StorageBackend as _,
        backend::{Beat, Create, Holder, Merged, NewTask, Parts, Put, Recorded, Written},
    },
    testing::block_on,
};

use super::{
    own::{NOW, PERIOD, Server, seal, set_if, step, task_of, worker},
    relay::{relayed, shared},
    until_done, words,
};

/// Longer than any call may take.
const SECONDS: Duration = Duration::from_secs(12);

#[test]
#[ignore = "needs redis-server: `cargo xtask services`"]
fn what_was_applied_before_its_answer_was_lost_is_applied_once() {
    block_on(async {
        let (relay, backend) = relayed().await;
        // The server learns the scripts before: that takes an answer, too.
        let new = task_of(0, 2);
        backend.create(&new, NOW).await.unwrap();
        backend.merge(&new.key, &set_if("count", None, "1"), NOW).await.unwrap();
        backend.record(&new.key, &step("fetch", "1"), NOW).await.unwrap();
        backend.put(&new.key, &seal(1), NOW).await.unwrap();
        let new = task_of(0, 1);
        relay.lose(1);
        assert_eq!(backend.create(&new, NOW).await.unwrap(), Create::Replayed);
        let add = set_if("count", None, "1");
        relay.lose(1);
        assert_eq!(backend.merge(&new.key, &add, NOW).await.unwrap(), Merged::Replayed);
        relay.lose(1);
        let recorded = backend.record(&new.key, &step("fetch", "1"), NOW).await.unwrap();
        assert_eq!(recorded, Recorded::Exists("1".into()));
        relay.lose(1);
        let sealed = backend.put(&new.key, &seal(1), NOW).await.unwrap();
        assert!(matches!(sealed, Written::Replayed(task) if task.version == 2 && !task.open));
        let task = backend.get(&new.key, Parts::all(), NOW).await.unwrap().unwrap();
        assert_eq!(task.variables.unwrap()["count"], "1");
        assert_eq!(relay.connections(), 5, "each loss took a connection");
    });
}

#[test]
#[ignore = "needs redis-server: `cargo xtask services`"]
fn cut_connections_cost_no_write_and_repeat_none() {
    block_on(async {
        let (relay, backend) = relayed().await;
        let backend = std::sync::Arc::new(backend);
        let mut lifecycles = tokio::task::JoinSet::new();
        for n in 0..64 {
            let backend = backend.clone();
            lifecycles.spawn(async move {
                let new = task_of(n, n);
                until_done(|| backend.create(&new, NOW)).await;
                for count in 0..5_u32 {
                    // A plain counter, read before each write.
                    let task = until_done(|| backend.get(&new.key, Parts::VARIABLES, NOW)).await.unwrap();
                    let was = task.variables.unwrap().get("count").cloned();
                    assert_eq!(was.as_deref(), (count > 0).then(|| count.to_string()).as_deref().map(str::as_bytes));
                    let mut add = set_if("count", None, &(count + 1).to_string());
                    if let pmcp_tasks::store::backend::FieldOp::SetIf { was: expected, .. } = &mut add.ops[0].1 {
                        *expected = was;
                    }
                    let merged = until_done(|| backend.merge(&new.key, &add, NOW)).await;
                    assert!(matches!(merged, Merged::Done | Merged::Replayed), "{merged:?}");
                }
                let end = Put { fence: Some(1), ..seal(1) };
                let written = until_done(|| backend.put(&new.key, &end, NOW)).await;
                assert!(matches!(written, Written::Done { .. } | Written::Replayed(_)), "{written:?}");
            });
        }
        while !lifecycles.is_empty() {
            relay.cut();
            let ended = tokio::time::timeout(Duration::from_millis(5), lifecycles.join_next()).await;
            if let Ok(Some(ended)) = ended {
                ended.unwrap();
            }
        }
        for n in 0..64 {
            let task = backend.get(&task_of(n, n).key, Parts::all(), NOW).await.unwrap().unwrap();
            assert_eq!((task.variables.unwrap()["count"].as_ref(), task.open), (&b"5"[..], false));
        }
        assert!(relay.connections() > 1);
    });
}

#[test]
#[ignore = "needs redis-server: `cargo xtask services`"]
fn a_silent_server_is_unavailable_within_seconds() {
    block_on(async {
        let (relay, backend) = relayed().await;
        relay.silence(true);
        let started = Instant::now();
        let calls: Vec<_> = (0..8)
            .map(|n| {
                let new = task_of(0, n);
                let backend = &backend;
                async move { backend.create(&new, NOW).await }
            })
            .collect();
        for answer in futures_util::future::join_all(calls).await {
            let error = answer.unwrap_err();
            assert!(error.is_retryable(), "{}", words(&error));
        }
        assert!(started.elapsed() < SECONDS, "{:?}", started.elapsed());
        let told = words(&backend.get(&task_of(0, 1).key, Parts::empty(), NOW).await.unwrap_err());
        assert!(told.starts_with("redis: unavailable: "), "{told}");
        relay.silence(false);
        // What was sent into the silence may be answered no more: the next call has another connection.
        let created = until_done(|| {
            let new = task_of(0, 1);
            let backend = &backend;
            async move { backend.create(&new, NOW).await }
        })
        .await;
        assert_eq!(created, Create::Created);
    });
}

#[test]
#[ignore = "needs redis-server: `cargo xtask services`"]
fn a_server_killed_in_the_middle_keeps_what_was_answered() {
    block_on(async {
        let mut server = Server::start(&["--appendonly", "yes", "--appendfsync", "always"]);
        let backend = std::sync::Arc::new(RedisBackend::connect(&server.url()).await.unwrap());
        assert!(backend.capabilities().durability.starts_with("survives a restart"));
        assert_eq!(backend.beat(&worker(1), PERIOD, NOW).await.unwrap(), Beat::Alive(1));
        assert!(backend.bury(&worker(1), 1).await.unwrap());
        let mut lifecycles = tokio::task::JoinSet::new();
        for n in 0..200 {
            let backend = backend.clone();
            lifecycles.spawn(async move {
                tokio::time::sleep(Duration::from_millis(u64::from(n) * 5)).await;
                let new = task_of(n % 20, n);
                until_done(|| backend.create(&new, NOW)).await;
                let add = set_if("count", None, "1");
                let merged = until_done(|| backend.merge(&new.key, &add, NOW)).await;
                assert!(matches!(merged, Merged::Done | Merged::Replayed), "{merged:?}");
                let end = seal(1);
                let written = until_done(|| backend.put(&new.key, &end, NOW)).await;
                assert!(matches!(written, Written::Done { .. } | Written::Replayed(_)), "{written:?}");
            });
        }
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(200)).await;
            server.kill();
            tokio::time::sleep(Duration::from_millis(100)).await;
            server.start_again();
        }
        while let Some(ended) = lifecycles.join_next().await {
            ended.unwrap();
        }
        for n in 0..200 {
            let task = backend.get(&task_of(n % 20, n).key, Parts::all(), NOW).await.unwrap().unwrap();
            assert_eq!((task.version, task.open, task.variables.unwrap()["count"].as_ref()), (2, false, &b"1"[..]));
        }
        // Burials are kept, too.
        let refused = NewTask { holder: Holder::Worker(worker(1)), ..task_of(0, 900) };
        assert_eq!(backend.create(&refused, NOW).await.unwrap(), Create::Buried);
    });
}

#[test]
#[ignore = "needs redis-server: `cargo xtask services`"]
fn a_wrong_password_is_refused_and_not_told() {
    block_on(async {
        let server = Server::start(&["--requirepass", "right"]);
        let address = server.address();
        for url in ["redis://:s3cret@", "redis://me:s3cret@", "redis://", "redis+cluster://:s3cret@"]
            .map(|url| format!("{url}{address}"))
        {
            let error = TaskStore::connect(&url).await.unwrap_err();
            assert_eq!(error.code(), "refused", "{}", words(&error));
            assert!(!words(&error).contains("s3cret") && !format!("{error:?}").contains("s3cret"), "{error:?}");
        }
        let backend = RedisBackend::connect(&format!("redis://:right@{address}")).await.unwrap();
        assert!(!format!("{backend:?}").contains("right"), "{backend:?}");
        assert!(backend.capabilities().durability.contains("`appendonly` is off"));
    });
}

#[test]
#[ignore = "needs redis-server: `cargo xtask services`"]
fn where_nobody_listens_the_store_is_unavailable() {
    block_on(async {
        let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        for url in [format!("redis://u:s3cret@{closed}"), format!("redis+cluster://u:s3cret@{closed}")] {
            let started = Instant::now();
            let error = TaskStore::connect(&url).await.unwrap_err();
            assert_eq!(error.code(), "unavailable", "{}", words(&error));
            assert!(started.elapsed() < SECONDS && !words(&error).contains("s3cret"));
        }
        // A server that knows nothing of clusters.
        let error = TaskStore::connect(&format!("redis+cluster://{}", shared())).await.unwrap_err();
        assert_ne!(error.code(), "corrupt", "{}", words(&error));
    });
}

#[test]
#[ignore = "needs redis-server: `cargo xtask services`"]
fn a_server_that_forgot_the_scripts_learns_them_again() {
    block_on(async {
        let server = Server::start(&[]);
        let backend = RedisBackend::connect(&server.url()).await.unwrap();
        for n in 0..3 {
            let _ = server.ask("SCRIPT FLUSH").await;
            assert_eq!(backend.create(&task_of(0, n), NOW).await.unwrap(), Create::Created);
        }
    });
}

#[test]
#[ignore = "needs redis-server: `cargo xtask services`"]
fn a_server_that_became_a_replica_is_unavailable_until_it_is_none() {
    block_on(async {
        let server = Server::start(&[]);
        let backend = RedisBackend::connect(&server.url()).await.unwrap();
        backend.create(&task_of(0, 1), NOW).await.unwrap();
        let _ = server.ask("REPLICAOF 127.0.0.1 1").await;
        let error = backend.create(&task_of(0, 2), NOW).await.unwrap_err();
        assert_eq!(error.code(), "unavailable", "{}", words(&error));
        let _ = server.ask("REPLICAOF NO ONE").await;
        assert_eq!(backend.create(&task_of(0, 2), NOW).await.unwrap(), Create::Created);
    });
}

#[test]
#[ignore = "needs redis-server: `cargo xtask services`"]
fn a_task_takes_two_commands() {
    block_on(async {
        let server = Server::start(&[]);
        let backend = RedisBackend::connect(&server.url()).await.unwrap();
        backend.create(&task_of(0, 1), NOW).await.unwrap();
        backend.put(&task_of(0, 1).key, &seal(1), NOW).await.unwrap();
        let counted = server.commands().await;
        let asking = server.commands().await - counted;
        let before = server.commands().await;
        for n in 2..12 {
            backend.create(&task_of(0, n), NOW).await.unwrap();
            backend.put(&task_of(0, n).key, &seal(1), NOW).await.unwrap();
        }
        // The commands inside the scripts are counted among them.
        let each = (server.commands().await - before - asking) / 10;
        assert!(each <= 24, "{each} commands, inside the scripts and outside");
    });
}
