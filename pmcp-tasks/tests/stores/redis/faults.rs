//! What a network and a server do to a store: lost answers, cut connections, silence, restarts, damage.

use std::{
    error::Error,
    time::{Duration, Instant},
};

use pmcp_tasks::{
    TaskStore,
    store::{
        RedisBackend, StorageBackend as _, StoreError,
        backend::{Beat, Create, Holder, HolderChange, Merged, NewTask, Parts, Put, Recorded, Scope, TaskKey, Written},
    },
    testing::block_on,
    time::Millis,
};

use super::{
    CLUSTER, SERVER, fresh,
    own::{HOUR, NOW, PERIOD, Server, ask, keys, owner, put, seal, set_if, step, task_of, worker, write},
    prefix,
    relay::Relay,
};

/// Longer than any call may take.
const SECONDS: Duration = Duration::from_secs(12);

/// The address of the shared server.
fn shared() -> String {
    std::env::var(SERVER).unwrap().strip_prefix("redis://").unwrap().to_owned()
}

/// A relay to the shared server, and an empty store behind it.
async fn relayed() -> (Relay, RedisBackend) {
    let relay = Relay::to(&shared()).await;
    let backend = RedisBackend::connect(&format!("redis://{}?prefix={}", relay.address, prefix())).await.unwrap();
    (relay, backend)
}

/// The error and its causes in words.
fn words(error: &StoreError) -> String {
    let mut words = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push(error.to_string());
        cause = error.source();
    }
    words.join(": ")
}

#[test]
#[ignore = "needs redis-server: `cargo xtask services`"]
fn what_was_applied_before_its_answer_was_lost_is_applied_once() {
    block_on(async {
        let (relay, backend) = relayed().await;
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
fn tasks_of_a_claim_whose_answer_was_lost_are_found_by_their_holder() {
    block_on(async {
        let (relay, backend) = relayed().await;
        let new = NewTask { holder: Holder::Queue, ..task_of(0, 1) };
        backend.create(&new, NOW).await.unwrap();
        relay.lose_what_has(b"body");
        let error = backend.claim(&Holder::Queue, &worker(5), 1, NOW).await.unwrap_err();
        assert!(error.is_retryable(), "{}", words(&error));
        assert_eq!(backend.held(&Holder::Worker(worker(5)), None, 10).await.unwrap(), [new.key]);
        assert_eq!(backend.held(&Holder::Queue, None, 10).await.unwrap(), []);
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

/// Repeats an operation while the store is away.
async fn until_done<T, F: Future<Output = Result<T, StoreError>>>(operation: impl Fn() -> F) -> T {
    let started = Instant::now();
    loop {
        match operation().await {
            Ok(done) => return done,
            Err(error) => assert!(error.is_retryable() && started.elapsed() < 3 * SECONDS, "{}", words(&error)),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
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
        for url in
            [format!("redis://:s3cret@{address}"), format!("redis://me:s3cret@{address}"), format!("redis://{address}")]
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
fn a_full_memory_refuses_and_loses_nothing() {
    block_on(async {
        let server = Server::start(&["--maxmemory", "8mb"]);
        let backend = RedisBackend::connect(&server.url()).await.unwrap();
        let large = |n| NewTask { body: vec![b'7'; 500_000].into(), ..task_of(0, n) };
        let mut kept = 0;
        let error = loop {
            match backend.create(&large(kept), NOW).await {
                Ok(created) => assert_eq!(created, Create::Created),
                Err(error) => break error,
            }
            kept += 1;
            assert!(kept < 100, "8 MB hold fewer");
        };
        assert_eq!(error.code(), "refused", "{}", words(&error));
        assert_eq!(backend.get(&large(kept).key, Parts::empty(), NOW).await.unwrap(), None);
        let page = backend.page(&Scope(owner(0)), None, 200, NOW).await.unwrap();
        assert_eq!(page.tasks.len(), kept as usize);
        for n in 0..4 {
            assert!(backend.delete(&large(n).key).await.unwrap());
        }
        assert_eq!(backend.create(&large(200), NOW).await.unwrap(), Create::Created);
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
        let commands = async || {
            let stats: String = ::redis::from_redis_value(server.ask("INFO stats").await).unwrap();
            let line = stats.lines().find(|line| line.starts_with("total_commands_processed")).unwrap();
            line.split(':').nth(1).unwrap().trim().parse::<u64>().unwrap()
        };
        let counted = commands().await;
        let asking = commands().await - counted;
        let before = commands().await;
        for n in 2..12 {
            backend.create(&task_of(0, n), NOW).await.unwrap();
            backend.put(&task_of(0, n).key, &seal(1), NOW).await.unwrap();
        }
        // The commands inside the scripts are counted among them.
        let each = (commands().await - before - asking) / 10;
        assert!(each <= 24, "{each} commands, inside the scripts and outside");
    });
}

#[test]
#[ignore = "needs redis-server: `cargo xtask services`"]
fn the_server_removes_tasks_in_time() {
    for is_listed in [true, false] {
        block_on(removed_in_time(is_listed));
    }
}

/// A task that is not listed, and is its owner's only one, leaves the owner's index empty for a moment when it ends.
async fn removed_in_time(is_listed: bool) {
    let prefix = prefix();
    let server = std::env::var(SERVER).unwrap();
    let backend = RedisBackend::connect(&format!("{server}?prefix={prefix}")).await.unwrap();
    let new = task_of(0, 1);
    let scope = new.scope.filter(|_| is_listed);
    let new = NewTask { scope, idempotency: Some(([1; 32], [2; 32])), ..new };
    backend.create(&new, NOW).await.unwrap();
    backend.merge(&new.key, &set_if("a", None, "1"), NOW).await.unwrap();
    backend.record(&new.key, &step("fetch", "1"), NOW).await.unwrap();
    backend.put(&new.key, &seal(1), NOW).await.unwrap();
    let mut seen = 0;
    let client = ::redis::Client::open(server.as_str()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    for key in keys(&server, &prefix).await {
        let left: i64 = ::redis::cmd("PTTL").arg(&key).query_async(&mut connection).await.unwrap();
        let kind = key.split(|byte| *byte == b'}').nth(1).unwrap()[0];
        if kind == b'l' {
            assert_eq!(left, -1, "the layout stays");
            continue;
        }
        seen += 1;
        let (least, most) = if b"ob".contains(&kind) { (2, 3) } else { (1, 2) };
        let hours = i64::try_from(HOUR).unwrap();
        assert!(left > least * hours && left <= most * hours, "{}: {left}", char::from(kind));
    }
    assert_eq!(seen, 6, "task, variables, steps, idempotency, index, sums");
}

#[test]
#[ignore = "needs redis-server: `cargo xtask services`"]
fn what_the_server_has_removed_takes_nothing() {
    block_on(async {
        let prefix = prefix();
        let server = std::env::var(SERVER).unwrap();
        let backend = RedisBackend::connect(&format!("{server}?prefix={prefix}")).await.unwrap();
        let queued = |n| NewTask { holder: Holder::Queue, quota: 2, ..task_of(0, n) };
        backend.create(&queued(1), NOW).await.unwrap();
        backend.create(&NewTask { quota: 2, ..task_of(0, 2) }, NOW).await.unwrap();
        backend.put(&task_of(0, 2).key, &seal(1), NOW).await.unwrap();
        let client = ::redis::Client::open(server.as_str()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        for key in keys(&server, &prefix).await {
            if key.split(|byte| *byte == b'}').nth(1).unwrap().starts_with(b"t:") {
                let () = ::redis::cmd("DEL").arg(&key).query_async(&mut connection).await.unwrap();
            }
        }
        assert_eq!(backend.page(&Scope(owner(0)), None, 10, NOW).await.unwrap().tasks, []);
        assert_eq!(backend.held(&Holder::Queue, None, 10).await.unwrap(), []);
        assert_eq!(backend.claim(&Holder::Queue, &worker(1), 10, NOW).await.unwrap().taken(), []);
        // Room for one, though the sums have two more.
        let next = task_of(0, 3);
        let next = NewTask { max_bytes: next.bytes(), expires: Millis(NOW.0 + 9 * HOUR), ..next };
        assert_eq!(backend.create(&next, Millis(NOW.0 + 3 * HOUR)).await.unwrap(), Create::Created);
        let other = NewTask { max_bytes: 2 * next.bytes(), write: write(), ..task_of(0, 4) };
        let other = NewTask { expires: next.expires, ..other };
        assert_eq!(backend.create(&other, Millis(NOW.0 + 3 * HOUR)).await.unwrap(), Create::Created);
        let sums = format!("{{{prefix}*b:*");
        let sums: Vec<Vec<u8>> = ::redis::from_redis_value(ask(&server, &format!("KEYS {sums}")).await).unwrap();
        let sums: Vec<u64> =
            ::redis::cmd("HMGET").arg(&sums[0]).arg(&["l", "s"]).query_async(&mut connection).await.unwrap();
        assert_eq!(sums, [next.bytes() + other.bytes(), 0]);
    });
}

/// Writes something else into a field of a task.
async fn damage(server: &str, prefix: &str, task: &TaskKey, field: &str, value: &str) {
    let client = ::redis::Client::open(server).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut count = 0;
    for key in keys(server, prefix).await {
        if key.ends_with(task.id.as_bytes()) && key.windows(3).any(|part| part == b"}t:") {
            let mut write = ::redis::cmd("HSET");
            let () = write.arg(&key).arg(field).arg(value).query_async(&mut connection).await.unwrap();
            count += 1;
        }
    }
    assert_eq!(count, 1);
}

#[test]
#[ignore = "needs redis-server: `cargo xtask services`"]
fn a_damaged_task_is_an_error_for_itself_alone() {
    block_on(async {
        let prefix = prefix();
        let server = std::env::var(SERVER).unwrap();
        let backend = RedisBackend::connect(&format!("{server}?prefix={prefix}")).await.unwrap();
        let client = ::redis::Client::open(server.as_str()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        for (n, field, value) in [(1, "h", "nobody"), (2, "f", "x"), (3, "v", "-1")] {
            backend.create(&task_of(0, n), NOW).await.unwrap();
            damage(&server, &prefix, &task_of(0, n).key, field, value).await;
            let error = backend.get(&task_of(0, n).key, Parts::all(), NOW).await.unwrap_err();
            assert_eq!(error.code(), "corrupt", "{field}: {}", words(&error));
        }
        backend.create(&task_of(0, 9), NOW).await.unwrap();
        let page = backend.page(&Scope(owner(0)), None, 10, NOW).await.unwrap();
        assert_eq!(page.tasks.into_iter().map(|(key, _)| key).collect::<Vec<_>>(), [task_of(0, 9).key]);
        // In the queue they keep nobody from the tasks behind them.
        for (n, field, value) in [(20, "v", "x"), (21, "e", "soon"), (22, "d", "fine")] {
            backend.create(&NewTask { holder: Holder::Queue, ..task_of(2, n) }, NOW).await.unwrap();
            damage(&server, &prefix, &task_of(2, n).key, field, value).await;
        }
        let claimed = backend.claim(&Holder::Queue, &worker(1), 10, NOW).await.unwrap().taken();
        assert_eq!(claimed.into_iter().map(|claimed| claimed.key).collect::<Vec<_>>(), [task_of(2, 22).key]);
        // A key that another program has put there.
        backend.create(&task_of(1, 10), NOW).await.unwrap();
        for key in keys(&server, &prefix).await {
            if key.ends_with(task_of(1, 10).key.id.as_bytes()) {
                let () = ::redis::cmd("SET").arg(&key).arg("text").query_async(&mut connection).await.unwrap();
            }
        }
        for error in [
            backend.get(&task_of(1, 10).key, Parts::empty(), NOW).await.unwrap_err(),
            backend.put(&task_of(1, 10).key, &put(1), NOW).await.unwrap_err(),
        ] {
            assert_eq!(error.code(), "corrupt", "{}", words(&error));
        }
    });
}

async fn burial_that_broke_off(service: &str) {
    let backend = fresh(service).await;
    let dying = worker(3);
    backend.beat(&dying, PERIOD, NOW).await.unwrap();
    // Another process has taken it from the living, and died before it marked the buckets.
    let prefix = format!("{backend:?}");
    let prefix = prefix.split("prefix: \"").nth(1).unwrap().split('"').next().unwrap();
    let nodes = std::env::var(service).unwrap();
    let nodes = nodes.rsplit('/').next().unwrap().split(',').map(|node| format!("redis://{node}"));
    let mut done = false;
    for node in nodes {
        let client = ::redis::Client::open(node).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let mut add = ::redis::cmd("SADD");
        add.arg(format!("{{{prefix}}}u")).arg(&dying.0.to_be_bytes()[..]);
        if add.query_async::<::redis::Value>(&mut connection).await.is_ok() {
            let mut remove = ::redis::cmd("HDEL");
            remove.arg(format!("{{{prefix}}}w")).arg(&dying.0.to_be_bytes()[..]);
            done = remove.query_async::<::redis::Value>(&mut connection).await.is_ok();
        }
    }
    assert!(done);
    assert_eq!(backend.beat(&dying, PERIOD, NOW).await.unwrap(), Beat::Buried);
    assert_eq!(backend.buried().await.unwrap(), [dying]);
    // The burial was not answered yet: this may be created, and is found.
    let late = |n| NewTask { holder: Holder::Worker(dying), ..task_of(n, n) };
    assert_eq!(backend.create(&late(1), NOW).await.unwrap(), Create::Created);
    backend.settle(&dying).await.unwrap();
    assert_eq!(backend.buried().await.unwrap(), [dying], "it holds a task");
    let claimed = backend.claim(&Holder::Worker(dying), &worker(4), 10, NOW).await.unwrap().taken();
    assert_eq!(claimed.len(), 1);
    for n in 0..40 {
        let created = backend.create(&late(n + 100), NOW).await.unwrap();
        if created == Create::Created {
            // Its bucket was not looked at before one that held something.
            assert_eq!(backend.claim(&Holder::Worker(dying), &worker(4), 10, NOW).await.unwrap().taken().len(), 1);
        } else {
            assert_eq!(created, Create::Buried);
        }
    }
    // Whoever judges it as well marks them all, and only then answers.
    assert!(backend.bury(&dying, 1).await.unwrap());
    for n in 0..40 {
        assert_eq!(backend.create(&late(n + 200), NOW).await.unwrap(), Create::Buried);
    }
    backend.settle(&dying).await.unwrap();
    assert_eq!(backend.buried().await.unwrap(), []);
    assert_eq!(backend.beat(&dying, PERIOD, NOW).await.unwrap(), Beat::Buried);
    let take = Put { holder: HolderChange::Take(dying), ..put(2) };
    assert_eq!(backend.put(&late(1).key, &take, NOW).await.unwrap(), Written::Buried);
}

#[test]
#[ignore = "needs redis-server: `cargo xtask services`"]
fn a_burial_that_broke_off_is_completed() {
    block_on(burial_that_broke_off(SERVER));
}

#[test]
#[ignore = "needs a Redis cluster: `cargo xtask services`"]
fn a_burial_that_broke_off_is_completed_on_a_cluster() {
    block_on(burial_that_broke_off(CLUSTER));
}

#[test]
#[ignore = "needs redis-server: `cargo xtask services`"]
fn a_store_of_another_layout_is_refused() {
    block_on(async {
        let (server, prefix) = (std::env::var(SERVER).unwrap(), prefix());
        let url = format!("{server}?prefix={prefix}");
        RedisBackend::connect(&url).await.unwrap();
        ask(&server, &format!("HSET {{{prefix}}}layout version 2")).await;
        let error = RedisBackend::connect(&url).await.unwrap_err();
        assert_eq!(error.code(), "refused");
        assert!(words(&error).contains("layout 2"), "{}", words(&error));
        // Others keep theirs.
        ask(&server, &format!("HSET {{{prefix}}}layout version 1 buckets 3")).await;
        let backend = RedisBackend::connect(&url).await.unwrap();
        for n in 0..20 {
            backend.create(&NewTask { holder: Holder::Queue, ..task_of(n, n) }, NOW).await.unwrap();
        }
        assert_eq!(backend.held(&Holder::Queue, None, 100).await.unwrap().len(), 20);
        assert_eq!(backend.claim(&Holder::Queue, &worker(1), 100, NOW).await.unwrap().taken().len(), 20);
    });
}

#[test]
#[ignore = "needs redis-server: `cargo xtask services`"]
fn the_queue_is_claimed_in_the_order_of_creation() {
    block_on(async {
        let backend = fresh(SERVER).await;
        for n in 0..30 {
            // Stamps run against the keys.
            let new = task_of(0, 100 - n);
            let stamp = pmcp_tasks::store::backend::Stamp((NOW.0 + u64::from(n)) << 20);
            backend.create(&NewTask { holder: Holder::Queue, stamp, ..new }, NOW).await.unwrap();
        }
        let mut claimed = Vec::new();
        for _ in 0..6 {
            claimed.extend(backend.claim(&Holder::Queue, &worker(1), 5, NOW).await.unwrap().taken());
        }
        let keys: Vec<_> = claimed.into_iter().map(|claimed| claimed.key).collect();
        assert_eq!(keys, (0..30).map(|n| task_of(0, 100 - n).key).collect::<Vec<_>>());
    });
}
