//! Leases: whose period counts, what a store that is away is taken for, and what the buried can still do.

use std::sync::Arc;

use pmcp_tasks::{
    TaskContext, ToolResult,
    store::{
        StorageBackend as _,
        backend::{Holder, Parts, TaskKey},
    },
    testing::ManualClock,
    time::Clock as _,
};
use tokio_util::sync::CancellationToken;

use crate::support::{
    Cluster, Connection, Fault, FaultyBackend, LEASE, Server, Shared, gated, minutes, seconds, settle, text_of,
    user_owner,
};

#[tokio::test]
async fn who_is_buried_alive_goes_on_as_another_worker_and_its_old_runs_stop() {
    let cluster = Cluster::new();
    let one = cluster.alive();
    let gate = gated(&one, "restarting", "one", &cluster.log);
    let client = one.v2026("ann");
    let id = client.start("restarting").await;
    settle().await;
    let before = cluster.workers().await;
    cluster.bury(before[0]).await;
    cluster.clock.advance(seconds(LEASE)).await;
    let after = cluster.workers().await;
    assert!(before.len() == 1 && after.len() == 1 && before != after);
    assert_eq!(cluster.log.lines(), ["one begins attempt 1", "one is cancelled", "one begins attempt 2"]);
    // Its first run has ended meanwhile, and has not taken the second one with it.
    cluster.clock.advance(seconds(3 * LEASE)).await;
    gate.cancel();
    assert_eq!(text_of(&client.until(&id, "completed").await["result"]), "one");
    assert_eq!(cluster.log.lines().len(), 3);
}

#[tokio::test]
async fn who_was_buried_and_settled_begins_nothing_under_that_name() {
    let cluster = Cluster::new();
    let one = cluster.alive();
    settle().await;
    let old = cluster.workers().await[0];
    cluster.bury(old).await;
    cluster.store.settle(&old).await.unwrap();
    // It has not noticed: the call comes before its next renewal.
    let gate = gated(&one, "restarting", "one", &cluster.log);
    let client = one.v2026("ann");
    let id = client.start("restarting").await;
    let key = TaskKey { owner: user_owner("ann").key(), id: id.parse().unwrap() };
    let stored = cluster.store.get(&key, Parts::empty(), cluster.clock.now()).await.unwrap().unwrap();
    assert_ne!(stored.holder, Some(Holder::Worker(old)));
    // As if it ended now: another one finds the task.
    one.router.shut_down(seconds(0)).await;
    let other = cluster.alive();
    cluster.two_periods().await;
    gate.cancel();
    assert_eq!(text_of(&other.v2026("ann").until(&id, "completed").await["result"]), "done");
}

#[tokio::test]
async fn a_queue_is_not_claimed_under_the_name_of_a_buried_worker() {
    let cluster = Cluster::new();
    let queue =
        cluster.over(&Connection::to(&cluster.store), |router| router.execution(pmcp_tasks::router::Execution::Queued));
    let worker = cluster.with(|router| router.worker(4));
    let gate = gated(&worker, "restarting", "worker", &cluster.log);
    settle().await;
    let old = cluster.workers().await[0];
    cluster.bury(old).await;
    cluster.store.settle(&old).await.unwrap();
    let id = queue.v2026("ann").start("restarting").await;
    cluster.clock.advance(seconds(LEASE) / 8).await;
    assert_eq!(cluster.log.lines(), ["worker begins attempt 1"]);
    let key = TaskKey { owner: user_owner("ann").key(), id: id.parse().unwrap() };
    let stored = cluster.store.get(&key, Parts::empty(), cluster.clock.now()).await.unwrap().unwrap();
    assert!(stored.holder != Some(Holder::Worker(old)) && stored.holder != Some(Holder::Queue), "{:?}", stored.holder);
    gate.cancel();
    queue.v2026("ann").until(&id, "completed").await;
}

#[tokio::test]
async fn a_create_whose_reply_was_lost_before_the_burial_is_found_by_whoever_claims() {
    let cluster = Cluster::new();
    let backend = FaultyBackend::to(&cluster.store);
    let one = Server::on_clock(cluster.clock.clone(), backend.clone(), |router| {
        router.tool::<crate::support::Restarting>().lease(seconds(LEASE))
    });
    one.router.keep_house();
    let _gate = gated(&one, "restarting", "one", &cluster.log);
    settle().await;
    let old = cluster.workers().await[0];
    backend.fail_in("create", Fault::ReplyLost, 1);
    let buried = backend.hold_in("create");
    let client = Arc::new(one.v2026("ann"));
    let creating = tokio::spawn({
        let client = client.clone();
        async move { client.start("restarting").await }
    });
    settle().await;
    // The first try is applied, its reply lost; then the worker is buried, before the second.
    buried.add_permits(1);
    settle().await;
    cluster.bury(old).await;
    buried.add_permits(100);
    cluster.clock.advance(seconds(LEASE)).await;
    let id = creating.await.unwrap();
    cluster.two_periods().await;
    // The first run learns that its task is the dead worker's, which this process claims like any other.
    assert_eq!(cluster.log.lines(), ["one begins attempt 1", "one is cancelled", "one begins attempt 2"]);
    assert_eq!(client.status(&id).await, "working");
}

#[tokio::test]
async fn a_store_that_is_away_for_longer_than_the_lease_is_no_takeover() {
    let cluster = Cluster::new();
    let connection = Connection::to(&cluster.store);
    let one = cluster.over(&connection, |router| router);
    one.router.keep_house();
    let gates = [gated(&one, "restarting", "one", &cluster.log), gated(&one, "optional", "two", &cluster.log)];
    let client = one.v2025("ann");
    let ids = [client.start("restarting").await, client.start("optional").await];
    settle().await;
    let before = cluster.workers().await;
    connection.cut(true);
    cluster.clock.advance(seconds(5 * LEASE)).await;
    connection.cut(false);
    cluster.two_periods().await;
    assert_eq!(cluster.workers().await, before);
    gates.iter().for_each(CancellationToken::cancel);
    for id in &ids {
        client.until(id, "completed").await;
    }
    assert_eq!(cluster.log.lines(), ["one begins attempt 1", "two begins attempt 1"]);
}

#[tokio::test]
async fn a_full_disk_for_longer_than_the_lease_is_no_takeover_and_work_goes_on_when_there_is_room() {
    let cluster = Cluster::new();
    let connections = [Connection::to(&cluster.store), Connection::to(&cluster.store)];
    let [one, other] = connections.each_ref().map(|connection| cluster.over(connection, |router| router));
    let gate = CancellationToken::new();
    for (server, name) in [(&one, "one"), (&other, "other")] {
        server.router.keep_house();
        let (open, log) = (gate.clone(), cluster.log.clone());
        server.world.on("restarting", move |_, cx| {
            let (gate, log) = (open.clone(), log.clone());
            async move {
                let task: TaskContext<Shared> = cx.task();
                log.add(format!("{name} begins"));
                gate.cancelled().await;
                task.step("effect", async || log.effect("effect")).await?;
                task.variables().rows.add(1).await?;
                Ok(ToolResult::text(name))
            }
        });
    }
    let client = one.v2026("ann");
    let id = client.start("restarting").await;
    settle().await;
    let before = cluster.workers().await;
    for connection in &connections {
        connection.fill(true);
    }
    // It goes on to work before its lease has run out.
    cluster.clock.advance(seconds(1)).await;
    gate.cancel();
    cluster.clock.advance(seconds(5 * LEASE)).await;
    assert_eq!((client.status(&id).await.as_str(), cluster.workers().await), ("working", before.clone()));
    for connection in &connections {
        connection.fill(false);
    }
    cluster.clock.advance(seconds(30)).await;
    assert_eq!(text_of(&client.until(&id, "completed").await["result"]), "one");
    assert_eq!((cluster.workers().await, cluster.log.lines()), (before, vec!["one begins".into(), "effect".into()]));
}

#[tokio::test]
async fn what_ends_while_the_store_is_away_is_stored_when_it_answers_again() {
    let cluster = Cluster::new();
    let connection = Connection::to(&cluster.store);
    let one = cluster.over(&connection, |router| router);
    one.router.keep_house();
    let gate = gated(&one, "optional", "one", &cluster.log);
    let client = one.v2025("ann");
    let id = client.start("optional").await;
    connection.cut(true);
    cluster.clock.advance(seconds(3 * LEASE)).await;
    gate.cancel();
    cluster.clock.advance(seconds(3 * LEASE)).await;
    connection.cut(false);
    cluster.clock.advance(seconds(30)).await;
    assert_eq!(client.status(&id).await, "completed");
}

#[tokio::test]
async fn who_was_taken_over_while_it_could_not_reach_the_store_stops_then() {
    let cluster = Cluster::new();
    let connection = Connection::to(&cluster.store);
    let one = cluster.over(&connection, |router| router);
    one.router.keep_house();
    let gate = gated(&one, "restarting", "one", &cluster.log);
    let id = one.v2026("ann").start("restarting").await;
    let other = cluster.alive();
    let other_gate = gated(&other, "restarting", "other", &cluster.log);
    settle().await;
    connection.cut(true);
    cluster.two_periods().await;
    assert_eq!(cluster.log.lines(), ["one begins attempt 1", "other begins attempt 2"]);
    connection.cut(false);
    cluster.clock.advance(seconds(LEASE)).await;
    assert_eq!(cluster.log.lines(), ["one begins attempt 1", "other begins attempt 2", "one is cancelled"]);
    other_gate.cancel();
    gate.cancel();
    assert_eq!(text_of(&other.v2026("ann").until(&id, "completed").await["result"]), "other");
}

#[tokio::test]
async fn a_worker_is_judged_by_its_own_period() {
    let cluster = Cluster::new();
    // Neither renews; the other one looks often enough for both.
    let long = cluster.over(&Connection::to(&cluster.store), |router| router.lease(seconds(10 * LEASE)));
    let short = cluster.over(&Connection::to(&cluster.store), |router| router.lease(seconds(1)));
    let (_gates, client) = (
        [gated(&long, "restarting", "long", &cluster.log), gated(&short, "restarting", "short", &cluster.log)],
        long.v2026("ann"),
    );
    client.start("restarting").await;
    short.v2026("bob").start("restarting").await;
    let judge = cluster.alive();
    let _gate = gated(&judge, "restarting", "judge", &cluster.log);
    settle().await;
    let begun = ["long begins attempt 1", "short begins attempt 1"];
    assert_eq!(cluster.log.lines(), begun);
    cluster.clock.advance(seconds(1) * 3 / 4).await;
    assert_eq!(cluster.log.lines(), begun);
    cluster.clock.advance(seconds(1) / 2).await;
    assert_eq!(cluster.log.lines().len(), 3);
    cluster.clock.advance(seconds(9 * LEASE)).await;
    assert_eq!(cluster.log.lines().len(), 3);
    cluster.clock.advance(seconds(LEASE)).await;
    assert_eq!(cluster.log.lines()[2..], ["judge begins attempt 2", "judge begins attempt 2"]);
}

#[tokio::test]
async fn after_standing_still_a_step_waits_until_the_lease_is_certain() {
    for (is_buried, effect) in [(false, "effect of attempt 1"), (true, "effect of attempt 2")] {
        let cluster = Cluster::new();
        let connection = Connection::to(&cluster.store);
        let one = cluster.over(&connection, |router| router);
        one.router.keep_house();
        let (gate, log) = (CancellationToken::new(), cluster.log.clone());
        let open = gate.clone();
        one.world.on("restarting", move |_, cx| {
            let (gate, log) = (open.clone(), log.clone());
            async move {
                let task: TaskContext<Shared> = cx.task();
                let attempt = task.attempt();
                if attempt == 1 {
                    gate.cancelled().await;
                }
                task.step("effect", async || log.effect(format!("effect of attempt {attempt}"))).await?;
                Ok(ToolResult::text("one"))
            }
        });
        let client = one.v2026("ann");
        let id = client.start("restarting").await;
        settle().await;
        connection.cut(true);
        // Nobody renews, nobody has noticed yet: as after a stop of the whole process.
        cluster.clock.advance(seconds(LEASE)).await;
        cluster.clock.advance(seconds(1) / 2).await;
        gate.cancel();
        settle().await;
        assert_eq!(cluster.log.lines(), [""; 0]);
        if is_buried {
            cluster.bury(cluster.workers().await[0]).await;
        }
        connection.cut(false);
        cluster.two_periods().await;
        client.until(&id, "completed").await;
        assert_eq!(cluster.log.lines(), [effect]);
    }
}

#[tokio::test]
async fn a_claimer_whose_clock_is_ahead_leaves_what_a_dead_worker_held_to_the_others() {
    let cluster = Cluster::new();
    let dead = cluster.dead();
    let _never = gated(&dead, "restarting", "dead", &cluster.log);
    let id = dead.v2026("ann").start("restarting").await;
    settle().await;
    let clock = ManualClock::new();
    clock.set_wall(cluster.clock.now().after(minutes(2 * 24 * 60)));
    let wrong = Server::on_clock(clock.clone(), Connection::to(&cluster.store), |router| {
        router.tool::<crate::support::Restarting>().lease(seconds(LEASE))
    });
    wrong.router.keep_house();
    let right = cluster.alive();
    let gate = gated(&right, "restarting", "right", &cluster.log);
    settle().await;
    // Both live. The one whose clock is ahead looks first, and finds the dead worker first.
    for _ in 0..2 * LEASE {
        clock.advance(seconds(1)).await;
        cluster.clock.advance(seconds(1)).await;
    }
    assert_eq!(cluster.log.lines(), ["dead begins attempt 1", "right begins attempt 2"]);
    assert_eq!(cluster.store.buried().await.unwrap(), []);
    gate.cancel();
    assert_eq!(text_of(&right.v2026("ann").until(&id, "completed").await["result"]), "right");
}

#[tokio::test]
async fn a_clock_that_is_ahead_of_the_others_removes_nothing() {
    let cluster = Cluster::new();
    let one = cluster.alive();
    let gate = gated(&one, "optional", "one", &cluster.log);
    let client = one.v2025("ann");
    let id = client.start("optional").await;
    settle().await;
    let key = TaskKey { owner: user_owner("ann").key(), id: id.parse().unwrap() };
    let start = cluster.clock.now();
    let exists = async || cluster.store.get(&key, Parts::empty(), start).await.unwrap().is_some();
    for ahead in [minutes(2 * 24 * 60), minutes(61)] {
        let clock = ManualClock::new();
        clock.set_wall(start.after(ahead));
        let wrong =
            Server::on_clock(clock.clone(), Connection::to(&cluster.store), |router| router.lease(seconds(LEASE)));
        wrong.router.keep_house();
        for _ in 0..30 {
            // Both live.
            cluster.clock.advance(seconds(1)).await;
            clock.advance(seconds(1)).await;
        }
        assert!(exists().await);
        wrong.router.shut_down(seconds(0)).await;
    }
    gate.cancel();
    client.until(&id, "completed").await;
    // By the right clock it goes, a minute after it has expired.
    cluster.clock.advance(minutes(59) + seconds(45)).await;
    assert!(exists().await);
    cluster.clock.advance(minutes(1)).await;
    assert!(!exists().await);
}
