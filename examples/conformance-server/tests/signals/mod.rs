//! Signals that another process delivers while servers die.

use pmcp_tasks::{
    TaskStore,
    operate::{Delivery, TaskHandle},
    task::Owner,
};

use super::*;

/// Delivers from so many callers and two connections at once; the number of the one that was the first.
async fn race(stores: &[TaskStore; 2], id: &str, callers: usize) -> usize {
    let handle = |n: usize| -> TaskHandle { stores[n % 2].task(&Owner::local(), id.parse().unwrap()) };
    let deliveries: Vec<_> = (0..callers)
        .map(|n| {
            let task = handle(n);
            tokio::spawn(async move { (n, task.signal("release", &n.to_string()).await.unwrap()) })
        })
        .collect();
    let mut first = Vec::new();
    for delivery in deliveries {
        let (n, delivery) = delivery.await.unwrap();
        assert!(delivery.is_first() || delivery == Delivery::Again, "{delivery:?}");
        first.extend(delivery.is_first().then_some(n));
    }
    assert_eq!(first.len(), 1, "{first:?}");
    first[0]
}

pub(crate) async fn a_signal_is_there_whenever_it_came_and_of_racing_ones_the_first(place: Place) {
    const PAUSE: u64 = 200;
    let (killed, other) = (start(&place, LEASE).await, start(&place, LEASE).await);
    let stores = [0, 1].map(|_| TaskStore::connect(place.store()));
    let [one, two] = stores;
    let stores = [one.await.unwrap(), two.await.unwrap()];
    let here = killed.client();
    let arguments = json!({ "pause_ms": PAUSE });
    let mut tasks = Vec::new();
    for _ in 0..3 {
        tasks.push(create(&here, "await_release", arguments.clone()).await);
    }
    let [heard, before, after] = &tasks[..] else { panic!("three tasks") };

    // One that waits is told, across processes, and no second time.
    let first = race(&stores, heard.id(), 16).await;
    let state = ended(heard).await;
    assert_eq!(state.result.as_ref().unwrap()["structuredContent"], json!({ "by": first.to_string(), "attempt": 1 }));

    // Delivered while its worker stands still, it is there for the one that takes the task over; so is one that comes later.
    killed.signal("STOP");
    let first = race(&stores, before.id(), 16).await;
    killed.signal("KILL");
    let there = other.client();
    let state = ended(&there.task(before.id())).await;
    assert_eq!(state.result.as_ref().unwrap()["structuredContent"], json!({ "by": first.to_string(), "attempt": 2 }));
    let abroad = there.task(after.id());
    let first = race(&stores, after.id(), 16).await;
    let state = ended(&abroad).await;
    assert_eq!(state.result.as_ref().unwrap()["structuredContent"]["by"], first.to_string());
    let late = stores[0].task(&Owner::local(), after.id().parse().unwrap());
    assert_eq!(late.signal("release", "late").await.unwrap(), Delivery::Again);
}
