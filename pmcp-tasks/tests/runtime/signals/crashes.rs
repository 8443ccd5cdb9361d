//! What becomes of signals and timers when processes die, and stores fail.

use super::*;

#[tokio::test]
async fn a_signal_is_there_after_a_restart_whenever_it_came() {
    for comes in ["before", "during", "after"] {
        let cluster = Cluster::new();
        let one = cluster.dead();
        waits_for_payment(&one, "restarting");
        let id = one.v2026("ann").start("restarting").await;
        settle().await;
        let abroad = elsewhere(Connection::to(&cluster.store), &one);
        let task = of_ann(&abroad, &id);
        let deliver = async |now: &str| {
            if now == comes {
                assert_eq!(task.signal("paid", &by("Ann")).await.unwrap(), Delivery::Delivered, "{comes}");
            }
        };
        // The dead one does not hear of it.
        deliver("before").await;
        let other = cluster.with(|router| router);
        waits_for_payment(&other, "restarting");
        deliver("during").await;
        cluster.two_periods().await;
        cluster.two_periods().await;
        deliver("after").await;
        cluster.two_periods().await;
        assert_eq!(text(&other.v2026("ann"), &id).await, "Ann paid 1999", "{comes}");
    }
}

#[tokio::test]
async fn of_a_timer_only_the_rest_is_waited_after_a_restart() {
    let cluster = Cluster::new();
    let (one, other) = (cluster.dead(), cluster.alive());
    for server in [&one, &other] {
        let (log, clock) = (cluster.log.clone(), cluster.clock.clone());
        server.world.on("restarting", move |_, cx| {
            let (log, clock) = (log.clone(), clock.clone());
            async move {
                let task: TaskContext = cx.task();
                let begun = clock.now();
                // Another duration of a later build changes nothing.
                task.timer("reminder", seconds(if task.attempt() == 1 { 100 } else { 1 })).await?;
                log.add(format!("attempt {} waited {:?}", task.attempt(), begun.until(clock.now())));
                Ok(ToolResult::text("reminded"))
            }
        });
    }
    let id = one.v2026("ann").start("restarting").await;
    settle().await;
    let clock = &cluster.clock;
    clock.advance(seconds(2 * LEASE)).await;
    let begun = clock.now();
    clock.advance(seconds(99 - 2 * LEASE)).await;
    assert_eq!(other.v2026("ann").status(&id).await, "working");
    // The clock of the first worker's own run runs out as well, which changes nothing: it lost the task.
    clock.advance(seconds(2)).await;
    assert_eq!(text(&other.v2026("ann"), &id).await, "reminded");
    let lines = cluster.log.lines();
    let waited: Vec<_> = lines.iter().filter(|line| line.starts_with("attempt 2")).collect();
    assert_eq!(waited.len(), 1, "{lines:?}");
    assert!(begun.until(clock.now()) < seconds(100), "{lines:?}");
}

#[tokio::test]
async fn a_clock_that_was_set_back_makes_no_timer_longer() {
    let (server, _) = shop();
    server.world.on("optional", |_, cx| async move {
        let task: TaskContext = cx.task();
        // Dropped at once: its end is recorded.
        tokio::select! {
            biased;
            waited = task.timer("one", minutes(5)) => waited?,
            () = tokio::task::yield_now() => {}
        }
        task.sleep(seconds(1)).await?;
        task.timer("one", minutes(5)).await?;
        Ok(ToolResult::text("rung"))
    });
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    settle().await;
    let back = server.clock.now().0 - 1_200_000;
    server.clock.set_wall(pmcp_tasks::time::Millis(back));
    server.advance(seconds(1)).await;
    server.advance(minutes(5)).await;
    assert_eq!(text(&client, &id).await, "rung");
}

/// A task whose process dies before or after this write, and that another goes on with: what its function did, and its end.
async fn dies_at(write: usize, applied: bool) -> (Vec<String>, Value) {
    let cluster = Cluster::new();
    let backend = FaultyBackend::to(&cluster.store);
    let dying = Server::on_clock(cluster.clock.clone(), backend.clone(), |router| {
        router.tool::<Restarting>().lease(seconds(LEASE))
    });
    let other = cluster.over(&Connection::to(&cluster.store), |router| router);
    for server in [&dying, &other] {
        let log = cluster.log.clone();
        server.world.on("restarting", move |_, cx| {
            let log = log.clone();
            async move {
                let task: TaskContext = cx.task();
                task.timer("pause", seconds(1)).await?;
                let Payment { by, .. } = task.signal("paid").await?;
                task.step("send", async || log.effect(format!("sends to {by}"))).await?;
                let rating: u8 = task.signal("rated").await?;
                Ok(ToolResult::text(format!("{by} gave {rating}")))
            }
        });
        server.router.keep_house();
    }
    backend.die_at(write, applied);
    let client = dying.v2026("ann");
    let creation = tokio::spawn(async move { client.start("restarting").await });
    settle().await;
    let client = other.v2026("ann");
    // Who was not answered asks again; a task that is there is found.
    let id = match other.v2025("ann").page(None).await.0.as_slice() {
        [id] => id.clone(),
        _ => client.start("restarting").await,
    };
    cluster.clock.advance(seconds(1)).await;
    let abroad = of_ann(&elsewhere(Connection::to(&cluster.store), &other), &id);
    for (name, value) in [("paid", json!({ "cents": 1, "by": "Ann" })), ("rated", json!(5))] {
        assert!(abroad.signal(name, &value).await.unwrap().is_first());
        // It is heard of within a period.
        cluster.clock.advance(seconds(LEASE)).await;
        assert_eq!(abroad.signal(name, &json!(0)).await.unwrap(), Delivery::Again);
    }
    assert!(backend.is_dead(), "write {write} never came");
    cluster.two_periods().await;
    cluster.two_periods().await;
    let done = client.until(&id, "completed").await;
    drop(creation);
    (cluster.log.lines(), done)
}

#[tokio::test]
async fn a_process_that_dies_at_any_write_loses_no_signal_and_sends_once() {
    // It is created, its timer is recorded, it asks, sends, asks, and ends.
    for write in 1..=6 {
        for applied in [false, true] {
            let (lines, done) = dies_at(write, applied).await;
            assert_eq!(text_of(&done["result"]), "Ann gave 5", "write {write}, {applied}");
            // Only the step whose record was lost is done once more.
            let sent = if (write, applied) == (4, false) { 2 } else { 1 };
            assert_eq!(lines.len(), sent, "write {write}, applied {applied}: {lines:?}");
        }
    }
}

#[tokio::test]
async fn a_delivery_whose_store_fails_is_repeated_and_comes_once() {
    for fault in [Fault::Down, Fault::ReplyLost] {
        for asked in [true, false] {
            let cluster = Cluster::new();
            let server = cluster.alive();
            waits_for_payment(&server, "restarting");
            let client = server.v2026("ann");
            let id = client.start("restarting").await;
            if asked {
                settle().await;
            }
            let backend = FaultyBackend::to(&cluster.store);
            let task = of_ann(&elsewhere(backend.clone(), &server), &id);
            // A few are tried again by themselves, as the same write.
            backend.fail(fault, 2);
            let delivering = tokio::spawn({
                let task = task.clone();
                async move { task.signal("paid", &by("Ann")).await }
            });
            cluster.clock.advance(seconds(1)).await;
            assert!(delivering.await.unwrap().unwrap().is_first(), "{fault:?}");
            cluster.clock.advance(seconds(LEASE)).await;
            assert_eq!(text(&client, &id).await, "Ann paid 1999");

            // With more it is not known, and whoever delivers it once more is told.
            let id = client.start("restarting").await;
            settle().await;
            let task = of_ann(&elsewhere(backend.clone(), &server), &id);
            backend.fail(fault, 4);
            let delivering = tokio::spawn({
                let task = task.clone();
                async move { task.signal("paid", &by("Ann")).await }
            });
            cluster.clock.advance(seconds(1)).await;
            assert!(matches!(delivering.await.unwrap(), Err(SignalError::Store(error)) if error.is_retryable()));
            let expected = if fault == Fault::Down { Delivery::Delivered } else { Delivery::Again };
            assert_eq!(task.signal("paid", &by("Ann")).await.unwrap(), expected, "{fault:?}");
            cluster.clock.advance(seconds(LEASE)).await;
            assert_eq!(text(&client, &id).await, "Ann paid 1999");
        }
    }
}

#[tokio::test]
async fn a_user_who_went_to_a_page_is_not_sent_there_again_after_a_crash() {
    use pmcp_tasks::{context::AskError, testing::TestContext};

    let page = |id: &str| format!("https://notes.example/connect?id={id}");
    let test = TestContext::<()>::new().await.opens();
    let visit = test.task().elicit_url("Give access.", page).await.unwrap();
    let question = &test.questions()[0];
    assert_eq!((&question["url"], &question["elicitationId"]), (&json!(page(visit.id())), &json!(visit.id())));
    let again = test.restarted().await;
    let same = again.task().elicit_url("Give access.", page).await.unwrap();
    assert_eq!((same.id(), again.questions().len()), (visit.id(), 0));
    assert!(again.handle().complete_elicitation(same.id()).await.unwrap().is_first());
    same.completed().await.unwrap();
    assert!(same.completed().await.is_err());
    // Nobody says so of another page, and this one is over.
    let next = again.task().elicit_url("Once more.", |_| "http://example.com/").await.unwrap_err();
    assert!(matches!(next, AskError::Invalid { .. }), "{next}");
}
