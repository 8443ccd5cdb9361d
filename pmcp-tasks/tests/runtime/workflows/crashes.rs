//! Runs of processes that die, and of stores that do.

use pmcp_tasks::{
    Limits, TaskContext, TaskStore, ToolResult,
    operate::Delivery,
    store::{StorageBackend as _, backend::Scope},
    time::Clock as _,
};
use serde_json::{Value, json};

use super::deploy::*;
use crate::support::*;

#[tokio::test]
async fn a_run_goes_on_elsewhere_at_the_step_where_its_process_died() {
    let cluster = Cluster::new();
    let (one, other) = (cluster.over(&Connection::to(&cluster.store), with_deploy), cluster.with(with_deploy));
    logs(&one, &cluster.log);
    logs(&other, &cluster.log);
    let log = cluster.log.clone();
    one.world.on("restarting", move |_, cx| {
        let log = log.clone();
        async move {
            let task = cx.task::<()>();
            task.step("compile", async || log.effect("one compiles")).await?;
            std::future::pending().await
        }
    });
    let log = cluster.log.clone();
    other.world.on("restarting", move |_, cx| {
        let log = log.clone();
        async move {
            let task = cx.task::<()>();
            task.step("compile", async || log.effect("other compiles")).await?;
            Ok(ToolResult::text(format!("built in attempt {}", task.attempt())))
        }
    });
    let waiting = one.v2025("ann").spawn("prompts/get", json!({ "name": "deploy", "arguments": api() }));
    settle().await;
    cluster.two_periods().await;
    let reply = waiting.await.unwrap().unwrap();
    let id = run_id(&reply);
    let reply = other.v2025("ann").go_on(&id, json!({})).await;
    assert_eq!(states(&reply), ["done", "done", "open", "waiting", "waiting"]);
    assert_eq!(standing(&reply)["steps"][1]["result"], "built in attempt 2");
    assert_eq!(cluster.log.lines(), [r#"validate {"service":"api"}"#, "one compiles"]);
}

#[tokio::test]
async fn a_tool_that_must_not_run_twice_waits_for_somebody_who_asks() {
    let cluster = Cluster::new();
    let (one, other) = (cluster.over(&Connection::to(&cluster.store), with_deploy), cluster.with(with_deploy));
    logs(&one, &cluster.log);
    logs(&other, &cluster.log);
    let log = cluster.log.clone();
    one.world.on("optional", move |_, _| {
        log.add("one rolls out");
        std::future::pending()
    });
    let client = one.v2025("ann");
    let id = run_id(&client.prompt(json!({ "service": "no notes" })).await.unwrap());
    let waiting = client.spawn("tools/call", json!({ "name": "plain", "arguments": { "_task_id": id } }));
    eventually("it is called", || cluster.log.lines().last().unwrap() == "one rolls out").await;
    cluster.two_periods().await;
    waiting.await.unwrap().unwrap();
    let client = other.v2025("ann");
    let reply = client.go_on(&id, json!({})).await;
    assert_eq!(standing(&reply)["pause"], json!({ "reason": "interrupted", "step": "roll_out" }));
    assert!(texts(&reply).contains("Ask the user before you go on."), "{reply}");
    assert_eq!(cluster.log.lines().last().unwrap(), "one rolls out");
    let reply = client.go_on(&id, json!({ "action": "retry" })).await;
    assert_eq!(standing(&reply)["state"], "completed");
}

#[tokio::test]
async fn parked_runs_are_nobodys_and_survive_every_process() {
    let cluster = Cluster::new();
    let one = cluster.over(&Connection::to(&cluster.store), with_deploy);
    logs(&one, &cluster.log);
    let id = run_id(&one.v2025("ann").prompt(api()).await.unwrap());
    let lines = cluster.log.lines().len();
    let other = cluster.with(with_deploy);
    logs(&other, &cluster.log);
    cluster.two_periods().await;
    assert_eq!(cluster.log.lines().len(), lines, "nothing is claimed");
    let client = other.v2025("ann");
    assert_eq!(states(&client.call("plain", json!({ "_task_id": id })).await.unwrap())[2], "done");
}

/// What a worker asks of the store from its start until it has found another one dead that had begun so many runs, all of which wait.
async fn beside_a_dead_worker(parked: usize) -> String {
    let cluster = Cluster::new();
    let limits = Limits { workflows_per_owner: 2000, ..Limits::default() };
    let dead = cluster.over(&Connection::to(&cluster.store), |router| with_deploy(router.limits(limits.clone())));
    logs(&dead, &cluster.log);
    let client = dead.v2025("ann");
    for _ in 0..parked {
        client.prompt(json!({ "service": "api", "_task_id": "new" })).await.unwrap();
    }
    let scope = Scope(user_owner("ann").key());
    let stored = async || cluster.store.page(&scope, None, 2000, cluster.clock.now()).await.unwrap().tasks;
    let (before, lines) = (stored().await, cluster.log.lines());
    assert_eq!(before.len(), parked);
    let counting = CountingBackend::to(cluster.store.clone());
    let other = Server::on_clock(cluster.clock.clone(), counting.clone(), |router| {
        with_deploy(router.tool::<Restarting>().lease(seconds(LEASE)))
    });
    logs(&other, &cluster.log);
    other.router.keep_house();
    for _ in 0..3 {
        cluster.two_periods().await;
    }
    assert_eq!(cluster.workers().await.len(), 1, "the dead one is buried");
    assert_eq!(stored().await, before, "no holder, no fence, no version is another one");
    assert_eq!(cluster.log.lines(), lines);
    counting.take()
}

#[tokio::test]
async fn of_a_dead_worker_that_left_a_thousand_parked_runs_nothing_is_claimed() {
    assert_eq!(beside_a_dead_worker(1000).await, beside_a_dead_worker(1).await);
}

/// Has the first step wait for a payment and then for half a minute, and tell both.
fn waits_in_its_first_step(server: &Server, name: &'static str, log: &Log) {
    logs(server, log);
    let log = log.clone();
    server.world.on("validate", move |arguments, cx| {
        let (log, service) = (log.clone(), arguments.given["service"].as_str().unwrap_or_default().to_owned());
        async move {
            let task: TaskContext = cx.task();
            task.step("order", async || log.effect(format!("{name} orders {service}"))).await?;
            let by: String = task.signal("paid").await?;
            log.add(format!("{name}: {by} paid {service}"));
            task.timer("cooling", seconds(30)).await?;
            log.add(format!("{name}: {service} is cool"));
            Ok(ToolResult::text(format!("{by} paid")))
        }
    });
}

#[tokio::test]
async fn a_step_that_waits_for_a_signal_and_a_time_goes_on_elsewhere_with_the_one_and_the_rest_of_the_other() {
    let cluster = Cluster::new();
    let one = cluster.over(&Connection::to(&cluster.store), with_deploy);
    waits_in_its_first_step(&one, "one", &cluster.log);
    let client = one.v2025("ann");
    let mut runs = Vec::new();
    for service in ["early", "late"] {
        let begun = client.spawn("prompts/get", json!({ "name": "deploy", "arguments": { "service": service } }));
        settle().await;
        runs.push(client.page(None).await.0[0].clone());
        drop(begun);
    }
    let [early, late] = [&runs[0], &runs[1]].map(|id| id.parse().unwrap());
    // By the name that it has in its step; under the bare one it is kept for another.
    let of_ann = |store: &TaskStore, id| store.task(&user_owner("ann"), id);
    let here = one.router.store();
    assert_eq!(of_ann(here, early).signal("paid", "Eve").await.unwrap(), Delivery::Kept);
    assert_eq!(of_ann(here, early).signal("validate/paid", "Ann").await.unwrap(), Delivery::Delivered);
    settle().await;
    assert_eq!(cluster.log.lines(), ["one orders early", "one orders late", "one: Ann paid early"]);
    // The process dies: one run is in the middle of its timer, and the other is paid while it is nobody's.
    let elsewhere = TaskStore::new(cluster.store.clone()).with_clock(cluster.clock.clone());
    assert_eq!(of_ann(&elsewhere, late).signal("validate/paid", "Bob").await.unwrap(), Delivery::Delivered);
    let other = cluster.with(with_deploy);
    waits_in_its_first_step(&other, "other", &cluster.log);
    cluster.two_periods().await;
    settle().await;
    let of_other = |log: &Log| log.lines().into_iter().filter(|line| line.starts_with("other: ")).collect::<Vec<_>>();
    let mut paid = of_other(&cluster.log);
    paid.sort();
    assert_eq!(paid, ["other: Ann paid early", "other: Bob paid late"]);
    // Of the first timer a part has gone by; the second has begun with the takeover at the latest.
    cluster.clock.advance(seconds(30 - 2 * LEASE - 1)).await;
    settle().await;
    assert_eq!(of_other(&cluster.log).len(), 2);
    cluster.clock.advance(seconds(1)).await;
    settle().await;
    assert!(of_other(&cluster.log).contains(&"other: early is cool".to_owned()));
    cluster.clock.advance(seconds(2 * LEASE)).await;
    settle().await;
    assert!(of_other(&cluster.log).contains(&"other: late is cool".to_owned()));
    let client = other.v2025("ann");
    for (id, by) in runs.iter().zip(["Ann", "Bob"]) {
        let reply = client.go_on(id, json!({})).await;
        assert_eq!(states(&reply)[..3], ["done", "done", "open"]);
        assert_eq!(standing(&reply)["steps"][0]["result"], format!("{by} paid"));
    }
    assert!(!cluster.log.lines().iter().any(|line| line.starts_with("other orders")), "what is recorded is done once");
}

/// A run whose process dies before or after this write, and that another goes on with: what was done, and how it stands in the end.
async fn dies_at(write: usize, applied: bool) -> (Vec<String>, Value) {
    let cluster = Cluster::new();
    let backend = FaultyBackend::to(&cluster.store);
    let dying = Server::on_clock(cluster.clock.clone(), backend.clone(), |router| {
        with_deploy(router.tool::<Restarting>().lease(seconds(LEASE)))
    });
    logs(&dying, &cluster.log);
    backend.die_at(write, applied);
    let client = dying.v2025("ann");
    let _whole = tokio::spawn(async move {
        let begun = client.prompt(json!({ "service": "no notes" })).await.unwrap();
        client.call("plain", json!({ "_task_id": run_id(&begun) })).await.unwrap();
    });
    eventually("the store dies", || backend.is_dead()).await;
    let other = cluster.with(with_deploy);
    logs(&other, &cluster.log);
    cluster.two_periods().await;
    settle().await;
    let client = other.v2025("ann");
    let mut reply = match client.page(None).await.0.as_slice() {
        [id] => client.go_on(id, json!({})).await,
        _ => client.prompt(json!({ "service": "no notes" })).await.unwrap(),
    };
    for _ in 0..5 {
        let id = run_id(&reply);
        reply = match (standing(&reply)["state"].as_str().unwrap(), &standing(&reply)["pause"]["reason"]) {
            ("completed", _) => return (cluster.log.lines(), reply),
            ("waiting", reason) if reason == "client" => {
                client.call("plain", json!({ "_task_id": id })).await.unwrap();
                client.go_on(&id, json!({})).await
            }
            ("waiting", reason) if reason == "interrupted" => client.go_on(&id, json!({ "action": "retry" })).await,
            _ => panic!("it stands still: {reply}"),
        };
    }
    panic!("it never ends: {reply}");
}

#[tokio::test]
async fn a_process_that_dies_at_any_write_loses_nothing_that_was_recorded() {
    for write in 1..=5 {
        for applied in [false, true] {
            let (lines, done) = dies_at(write, applied).await;
            assert_eq!(states(&done), ["done", "done", "done", "skipped", "done"], "write {write}, {applied}: {done}");
            let count = |what: &str| lines.iter().filter(|line| line.starts_with(what)).count();
            let counts = ["validate", "restarting", "plain", "optional"].map(count);
            // The step whose record was lost is done once more, and no other.
            let mut expected = [1; 4];
            if let (false, Some(step)) = (applied, write.checked_sub(2)) {
                expected[step] = 2;
            }
            assert_eq!(counts, expected, "write {write}, applied {applied}: {lines:?}");
        }
    }
}
