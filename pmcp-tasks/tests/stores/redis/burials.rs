//! Burials that break off between the buckets.

use pmcp_tasks::{
    store::{
        StorageBackend as _,
        backend::{Beat, Create, Holder, HolderChange, NewTask, Put, Written},
    },
    testing::block_on,
};

use super::{
    CLUSTER, SERVER, fresh,
    own::{NOW, PERIOD, put, task_of, worker},
};

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
