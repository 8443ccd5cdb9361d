//! Damaged tasks, keys of other programs, stores of another layout.

use pmcp_tasks::{
    store::{
        RedisBackend, StorageBackend as _,
        backend::{Holder, NewTask, Parts, Scope, TaskKey},
    },
    testing::block_on,
};

use super::{
    SERVER,
    own::{NOW, ask, keys, owner, put, task_of, worker},
    prefix, words,
};

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
