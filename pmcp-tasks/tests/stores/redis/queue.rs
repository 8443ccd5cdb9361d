//! The queue: its order, its expired tasks, and claims that are sent twice.

use pmcp_tasks::{
    store::{
        RedisBackend, StorageBackend as _,
        backend::{Holder, NewTask, Put, Written},
    },
    testing::block_on,
    time::Millis,
};

use super::{
    SERVER, fresh,
    own::{HOUR, NOW, Server, keys, put, set_if, task_of, worker},
    prefix,
    relay::{Relay, relayed},
    until_done, words,
};

#[test]
#[ignore = "needs redis-server: `cargo xtask services`"]
fn tasks_of_a_claim_whose_answer_was_lost_are_found_by_their_holder() {
    block_on(async {
        let (relay, backend) = relayed().await;
        let new = NewTask { holder: Holder::Queue, ..task_of(0, 1) };
        backend.create(&new, NOW).await.unwrap();
        // The call is repeated once: neither answer comes.
        relay.lose_what_has(b"body", 2);
        let error = backend.claim(&Holder::Queue, &worker(5), 1, NOW).await.unwrap_err();
        assert!(error.is_retryable(), "{}", words(&error));
        assert_eq!(backend.held(&Holder::Worker(worker(5)), None, 10).await.unwrap(), [new.key]);
        assert_eq!(backend.held(&Holder::Queue, None, 10).await.unwrap(), []);
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

#[test]
#[ignore = "needs redis-server: `cargo xtask services`"]
fn a_claim_that_is_sent_twice_takes_once() {
    block_on(async {
        let (relay, backend) = relayed().await;
        sent_twice(&relay, &backend).await;
    });
}

/// Of a cluster the client sends again by itself.
#[test]
#[ignore = "needs redis-server: `cargo xtask services`"]
fn a_claim_that_is_sent_twice_takes_once_on_a_cluster() {
    block_on(async {
        let server = Server::start(&["--cluster-enabled", "yes"]);
        let relay = Relay::to(&server.address()).await;
        // What the only node tells of itself leads to the relay.
        server.ask(&format!("CONFIG SET cluster-announce-port {}", relay.address.port())).await;
        server.ask("CONFIG SET cluster-announce-ip 127.0.0.1").await;
        server.ask("CLUSTER ADDSLOTSRANGE 0 16383").await;
        let url = format!("redis+cluster://{}?prefix={}", relay.address, prefix());
        let backend = until_done(|| RedisBackend::connect(&url)).await;
        sent_twice(&relay, &backend).await;
    });
}

async fn sent_twice(relay: &Relay, backend: &RedisBackend) {
    for n in 0..5 {
        backend.create(&NewTask { holder: Holder::Queue, ..task_of(0, n) }, NOW).await.unwrap();
    }
    backend.merge(&task_of(0, 0).key, &set_if("a", None, "1"), NOW).await.unwrap();
    relay.lose_what_has(b"body", 1);
    let claimed = backend.claim(&Holder::Queue, &worker(5), 2, NOW).await.unwrap().taken();
    let mut keys: Vec<_> = claimed.iter().map(|claimed| claimed.key.clone()).collect();
    assert_eq!(keys, [task_of(0, 0).key, task_of(0, 1).key]);
    assert_eq!(claimed[0].task.variables.as_ref().unwrap()["a"], "1");
    keys.sort();
    assert_eq!(backend.held(&Holder::Worker(worker(5)), None, 10).await.unwrap(), keys);
    for claimed in claimed {
        // Once, and the fence it tells is the one that holds.
        assert_eq!((claimed.task.version, claimed.task.fence), (2, 2));
        let write = Put { fence: Some(2), ..put(2) };
        let written = backend.put(&claimed.key, &write, NOW).await.unwrap();
        assert!(matches!(written, Written::Done { version: 3, .. }), "{written:?}");
    }
    // The next claim is another one.
    let next = backend.claim(&Holder::Queue, &worker(5), 2, NOW).await.unwrap().taken();
    assert_eq!(next.into_iter().map(|next| next.key).collect::<Vec<_>>(), [task_of(0, 2).key, task_of(0, 3).key]);
}

#[test]
#[ignore = "needs redis-server: `cargo xtask services`"]
fn expired_tasks_cost_a_claim_nothing() {
    block_on(async {
        let server = Server::start(&[]);
        let backend = RedisBackend::connect(&server.url()).await.unwrap();
        for n in 0..300 {
            backend.create(&NewTask { holder: Holder::Queue, ..task_of(0, n) }, NOW).await.unwrap();
        }
        let late = NewTask { holder: Holder::Queue, expires: Millis(NOW.0 + 9 * HOUR), ..task_of(0, 300) };
        backend.create(&late, NOW).await.unwrap();
        let after = Millis(NOW.0 + 2 * HOUR);
        let none = NewTask { holder: Holder::Queue, expires: late.expires, ..task_of(0, 301) };
        let claimed = backend.claim(&Holder::Queue, &worker(1), 2, after).await.unwrap().taken();
        assert_eq!(claimed.into_iter().map(|claimed| claimed.key).collect::<Vec<_>>(), [late.key]);
        backend.create(&none, after).await.unwrap();
        let before = server.commands().await;
        let claimed = backend.claim(&Holder::Queue, &worker(1), 2, after).await.unwrap().taken();
        assert_eq!(claimed.len(), 1);
        let commands = server.commands().await - before;
        assert!(commands < 120, "{commands} commands for one task");
        // The clock of whoever took them for expired was ahead: by the right one they are claimed, in their order.
        let claimed = backend.claim(&Holder::Queue, &worker(1), 2, NOW).await.unwrap().taken();
        assert_eq!(
            claimed.into_iter().map(|claimed| claimed.key).collect::<Vec<_>>(),
            [task_of(0, 0).key, task_of(0, 1).key]
        );
        let mut rest = 0;
        loop {
            let claimed = backend.claim(&Holder::Queue, &worker(1), 50, NOW).await.unwrap().taken();
            if claimed.is_empty() {
                break;
            }
            rest += claimed.len();
        }
        assert_eq!(rest, 298);
    });
}

#[test]
#[ignore = "needs redis-server: `cargo xtask services`"]
fn a_task_that_lives_long_keeps_nothing_in_the_queue() {
    block_on(async {
        let (server, prefix) = (std::env::var(SERVER).unwrap(), prefix());
        let backend = RedisBackend::connect(&format!("{server}?prefix={prefix}")).await.unwrap();
        let oldest = NewTask { holder: Holder::Queue, expires: Millis(NOW.0 + 24 * HOUR), ..task_of(0, 0) };
        backend.create(&oldest, NOW).await.unwrap();
        for n in 1..30 {
            backend.create(&NewTask { holder: Holder::Queue, ..task_of(0, n) }, NOW).await.unwrap();
        }
        // As the server does an hour after their expiry.
        let client = ::redis::Client::open(server.as_str()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        for key in keys(&server, &prefix).await {
            let is_oldest = key.ends_with(oldest.key.id.as_bytes());
            if !is_oldest && key.split(|byte| *byte == b'}').nth(1).unwrap().starts_with(b"t:") {
                let () = ::redis::cmd("DEL").arg(&key).query_async(&mut connection).await.unwrap();
            }
        }
        // A bucket a sweep.
        let mut swept = 0;
        for _ in 0..32 {
            swept += backend.sweep(20, Millis(NOW.0 + 3 * HOUR)).await.unwrap();
        }
        assert_eq!(swept, 29);
        assert_eq!(backend.held(&Holder::Queue, None, 100).await.unwrap(), [oldest.key]);
    });
}
