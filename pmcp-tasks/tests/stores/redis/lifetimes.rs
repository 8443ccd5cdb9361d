//! Lifetimes of tasks, which the server ends by itself, and its memory.

use pmcp_tasks::{
    store::{
        RedisBackend, StorageBackend as _,
        backend::{Create, Holder, NewTask, Parts, Scope},
    },
    testing::block_on,
    time::Millis,
};

use super::{
    SERVER,
    own::{HOUR, NOW, Server, ask, keys, owner, seal, set_if, step, task_of, worker, write},
    prefix, words,
};

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
