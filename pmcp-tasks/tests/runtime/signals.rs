//! Values that somebody outside delivers to a task, and timers: before, while and after it waits, across restarts and crashes.

mod crashes;

use pmcp_tasks::{
    Limits, TaskContext, TaskStore, ToolResult,
    call::Revision,
    operate::{Cancellation, Delivery, SignalError, TaskHandle},
    store::{MemoryBackend, StorageBackend},
    task::Owner,
    time::Clock as _,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::support::*;

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Payment {
    cents: u64,
    by: String,
}

fn by(name: &str) -> Payment {
    Payment { cents: 1999, by: name.into() }
}

/// A server and its store, as an application has both.
fn shop() -> (Server, TaskStore) {
    shop_on(MemoryBackend::new(), Limits::default())
}

fn shop_on(backend: impl StorageBackend, limits: Limits) -> (Server, TaskStore) {
    let (clock, store) = (pmcp_tasks::testing::ManualClock::new(), TaskStore::new(backend));
    let operators = store.clone().with_clock(clock.clone());
    (Server::in_store(clock, store, |router| router.limits(limits).tool::<Restarting>()), operators)
}

/// The task as an operator who shares nothing but the backend has it.
fn elsewhere(backend: impl StorageBackend, server: &Server) -> TaskStore {
    TaskStore::new(backend).with_clock(server.clock.clone())
}

fn of_ann(store: &TaskStore, id: &str) -> TaskHandle {
    store.task(&user_owner("ann"), id.parse().unwrap())
}

/// Makes the tool wait for its payment, and tell it.
fn waits_for_payment(server: &Server, tool: &'static str) {
    server.world.on(tool, |_, cx| async move {
        let Payment { cents, by } = cx.task::<()>().signal("paid").await?;
        Ok(ToolResult::text(format!("{by} paid {cents}")))
    });
}

async fn text(client: &Client, id: &str) -> String {
    text_of(&client.until(id, "completed").await["result"]).to_owned()
}

#[tokio::test]
async fn a_signal_reaches_a_task_that_waits_and_no_second_one_does() {
    let (server, store) = shop();
    waits_for_payment(&server, "optional");
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    settle().await;
    assert_eq!(client.status(&id).await, "working", "nobody is asked");
    let task = of_ann(&store, &id);
    assert_eq!(task.signal("paid", &by("Ann")).await.unwrap(), Delivery::Delivered);
    assert_eq!(task.signal("paid", &by("Bob")).await.unwrap(), Delivery::Again);
    assert_eq!(text(&client, &id).await, "Ann paid 1999");
    // It ended since, which changes nothing for a webhook that repeats itself.
    assert_eq!(task.signal("paid", &by("Ann")).await.unwrap(), Delivery::Again);
    assert_eq!(task.signal("shipped", &1).await.unwrap(), Delivery::Ended);
}

#[tokio::test]
async fn what_comes_before_it_is_asked_for_is_kept() {
    let (server, store) = shop();
    server.world.on("optional", |_, cx| async move {
        let task: TaskContext = cx.task();
        task.sleep(seconds(10)).await?;
        let (first, second) = tokio::join!(task.signal::<u8>("first"), task.signal::<u8>("second"));
        Ok(ToolResult::text(format!("{} {}", first?, second?)))
    });
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    let task = of_ann(&store, &id);
    assert_eq!(task.signal("second", &2).await.unwrap(), Delivery::Kept);
    assert_eq!(task.signal("nobody's", &0).await.unwrap(), Delivery::Kept);
    assert_eq!(task.signal("second", &3).await.unwrap(), Delivery::Again);
    server.advance(seconds(10)).await;
    assert_eq!(task.signal("first", &1).await.unwrap(), Delivery::Delivered);
    assert_eq!(text(&client, &id).await, "1 2");
}

#[tokio::test]
async fn a_task_that_is_unknown_foreign_or_expired_is_told_and_so_is_a_call_that_waits_for_its_retry() {
    let (server, store) = shop();
    waits_for_payment(&server, "optional");
    let id = server.v2026("ann").start("optional").await;
    settle().await;
    for owner in [user_owner("eve"), Owner::local()] {
        let foreign = store.task(&owner, id.parse().unwrap());
        assert_eq!(foreign.signal("paid", &by("Eve")).await.unwrap(), Delivery::Unknown);
    }
    server.advance(minutes(61)).await;
    assert_eq!(of_ann(&store, &id).signal("paid", &by("Ann")).await.unwrap(), Delivery::Unknown);
    server.world.on("plain", |_, cx| async move {
        cx.tool().elicit::<bool>("Shall it be?").await?;
        Ok(ToolResult::text("never"))
    });
    let asked = server.v2026("ann").undeclared().call("plain", json!({})).await.unwrap();
    let hidden = of_ann(&store, &hidden_id(&asked));
    assert_eq!(hidden.signal("paid", &by("Ann")).await.unwrap(), Delivery::Unknown);
}

#[tokio::test]
async fn a_value_that_does_not_fit_is_for_who_delivers_it_if_the_task_has_asked_and_else_for_the_task() {
    let (server, store) = shop();
    for tool in ["optional", "timed"] {
        waits_for_payment(&server, tool);
    }
    let client = server.v2026("ann");
    let asked = client.start("optional").await;
    settle().await;
    let task = of_ann(&store, &asked);
    let error = task.signal("paid", &json!({ "cents": "many", "by": "Ann" })).await.unwrap_err();
    assert!(matches!(&error, SignalError::Misfit { name, .. } if name == "paid"), "{error}");
    assert_eq!(
        error.to_string(),
        "the value does not fit the signal `paid`: `cents`: \"many\" is not of the type integer"
    );
    // That was no delivery; equal values of another form are what they equal.
    assert_eq!(task.signal("paid", &json!({ "cents": 5.0, "by": "Ann" })).await.unwrap(), Delivery::Delivered);
    assert_eq!(text(&client, &asked).await, "Ann paid 5");

    server.world.on("timed", |_, cx| async move {
        let task: TaskContext = cx.task();
        task.sleep(seconds(1)).await?;
        task.signal::<Payment>("paid").await?;
        Ok(ToolResult::text("never"))
    });
    let early = client.start("timed").await;
    let task = of_ann(&store, &early);
    assert_eq!(task.signal("paid", &json!({ "cents": "many", "by": "Ann" })).await.unwrap(), Delivery::Kept);
    server.advance(seconds(1)).await;
    let done = client.until(&early, "completed").await;
    assert_eq!(done["result"]["isError"], true);
    assert_eq!(text_of(&done["result"]), "the value of signal `paid` is none that the task waits for: see `cents`");
}

#[tokio::test]
async fn what_nobody_asked_for_is_bounded_and_what_was_asked_for_gets_through() {
    let (server, store) = shop();
    waits_for_payment(&server, "optional");
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    settle().await;
    let task = of_ann(&store, &id);
    let size = |text: &str| text.len() + 2;
    let large = "x".repeat(64 * 1024);
    let error = task.signal("large", &large).await.unwrap_err();
    assert!(
        matches!(error, SignalError::TooLarge { size: given, max: 65_536, .. } if given == size(&large)),
        "{error}"
    );
    for name in ["", &"x".repeat(513)] {
        assert!(matches!(task.signal(name, &1).await, Err(SignalError::Name { max: 512, .. })));
    }
    assert!(matches!(task.signal("nan", &f64::NAN).await, Err(SignalError::Value { .. })));
    for n in 0..4 {
        let large = "x".repeat(60 * 1024);
        assert_eq!(task.signal(&format!("large {n}"), &large).await.unwrap(), Delivery::Kept);
    }
    assert!(matches!(task.signal("large 4", &"x".repeat(60 * 1024)).await, Err(SignalError::Full { .. })));
    for n in 4..64 {
        assert_eq!(task.signal(&format!("small {n}"), &n).await.unwrap(), Delivery::Kept);
    }
    assert!(matches!(task.signal("one more", &1).await, Err(SignalError::Full { max: 64, .. })));
    assert_eq!(task.signal("paid", &by("Ann")).await.unwrap(), Delivery::Delivered);
    assert_eq!(text(&client, &id).await, "Ann paid 1999");
}

#[tokio::test]
async fn whatever_a_webhook_sends_is_refused_or_comes_as_it_was_sent() {
    const ODD: [&str; 8] = ["\0", "a/b", "run.pmcp/signal/paid", "\r\nset: 1", "*?[a]", "..", " ", "\u{202e}🔑"];
    let (server, store) = shop();
    server.world.on("optional", |_, cx| async move {
        let task: TaskContext = cx.task();
        let mut came = Vec::new();
        for name in ODD {
            came.push(task.signal::<Value>(name).await?.to_string());
        }
        let deep = task.signal::<Value>("deep").await?.to_string();
        Ok(ToolResult::text(format!("{} {}", came.join(""), deep.len())))
    });
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    settle().await;
    let task = of_ann(&store, &id);
    let nested = |depth: usize| (0..depth).fold(json!(1), |inner, _| json!([inner]));
    // What could be written and not be read again is no value.
    for depth in [128, 1_000] {
        let refused = task.signal("deep", &nested(depth)).await;
        assert!(matches!(refused, Err(SignalError::Value { .. })), "{depth}: {refused:?}");
    }
    assert!(task.signal("deep", &nested(100)).await.unwrap().is_first());
    for (n, name) in ODD.iter().enumerate().rev() {
        assert!(task.signal(name, &n).await.unwrap().is_first(), "{name:?}");
        assert_eq!(task.signal(name, &"again").await.unwrap(), Delivery::Again, "{name:?}");
    }
    assert_eq!(text(&client, &id).await, "01234567 201");
}

#[tokio::test]
async fn a_delivery_and_a_cancellation_at_once_leave_one_story() {
    for _ in 0..20 {
        let (server, store) = shop();
        waits_for_payment(&server, "optional");
        let client = server.v2026("ann");
        let id = client.start("optional").await;
        settle().await;
        let (task, other) = (of_ann(&store, &id), of_ann(&store, &id));
        let payment = by("Ann");
        let (delivered, cancelled) = tokio::join!(task.signal("paid", &payment), other.cancel());
        let (delivered, cancelled) = (delivered.unwrap(), cancelled.unwrap());
        settle().await;
        let look = task.look().await.unwrap().unwrap();
        // What was said to have come is there, and what was said to have ended it stands.
        assert_eq!(look.signals.contains_key("paid"), delivered.is_first(), "{delivered:?} {cancelled:?}");
        assert!(delivered.is_first() || delivered == Delivery::Ended, "{delivered:?}");
        let expected = match cancelled {
            Cancellation::Cancelled => "cancelled",
            _ => "completed",
        };
        assert_eq!(client.status(&id).await, expected, "{delivered:?} {cancelled:?}");
    }
}

#[tokio::test]
async fn the_time_of_the_work_stands_still_while_it_waits_and_goes_on_after() {
    let (server, store) = shop();
    server.world.on("timed", |_, cx| async move {
        let task: TaskContext = cx.task();
        task.sleep(seconds(50)).await?;
        task.timer("pause", minutes(20)).await?;
        let seconds_left: u64 = task.signal("go on").await?;
        task.sleep(seconds(seconds_left)).await?;
        Ok(ToolResult::text("in time"))
    });
    let client = server.v2026("ann");
    for (left, status) in [(9, "completed"), (20, "failed")] {
        let id = client.start("timed").await;
        server.advance(seconds(50)).await;
        server.advance(minutes(30)).await;
        assert_eq!(of_ann(&store, &id).signal("go on", &left).await.unwrap(), Delivery::Delivered);
        settle().await;
        server.advance(seconds(20)).await;
        client.until(&id, status).await;
    }
}

#[tokio::test]
async fn a_wait_ends_ten_minutes_before_the_task_expires_and_with_its_cancellation() {
    let (server, store) = shop();
    waits_for_payment(&server, "timed");
    let client = server.v2026("ann");
    let (id, cancelled) = (client.start("timed").await, client.start("timed").await);
    settle().await;
    client.cancel(&cancelled).await.unwrap();
    assert_eq!(of_ann(&store, &cancelled).signal("paid", &by("Ann")).await.unwrap(), Delivery::Ended);
    server.advance(minutes(109)).await;
    assert_eq!(client.status(&id).await, "working");
    server.advance(minutes(2)).await;
    assert_eq!(client.until(&id, "failed").await["error"]["message"], "the tool took longer than it may");
}

#[tokio::test]
async fn a_wait_that_is_dropped_is_taken_up_again_and_a_name_is_received_once() {
    let (server, store) = shop();
    server.world.on("optional", |_, cx| async move {
        let task: TaskContext = cx.task();
        let mut reminders = 0;
        let paid = loop {
            tokio::select! {
                biased;
                paid = task.signal::<Payment>("paid") => break paid?,
                over = task.timer("the last day", minutes(25)) => {
                    over?;
                    return Ok(ToolResult::text(format!("given up after {reminders} reminders")));
                }
                passed = task.timer(format!("reminder {reminders}"), minutes(10)) => {
                    passed?;
                    reminders += 1;
                }
            }
        };
        let again = task.signal::<Payment>("paid").await.unwrap_err();
        let timer = task.timer("reminder 0", minutes(1)).await.map_err(|error| error.to_string());
        Ok(ToolResult::text(format!("{} after {reminders}; {again}; {timer:?}", paid.by)))
    });
    let client = server.v2026("ann");
    let (paid, never) = (client.start("optional").await, client.start("optional").await);
    server.advance(minutes(11)).await;
    of_ann(&store, &paid).signal("paid", &by("Ann")).await.unwrap();
    assert_eq!(
        text(&client, &paid).await,
        "Ann after 1; the signal `paid` was received before in this run; give each its own name; \
         Err(\"the timer `reminder 0` has run out before in this run; give each its own name\")"
    );
    server.advance(minutes(14)).await;
    assert_eq!(text(&client, &never).await, "given up after 2 reminders");
}

#[tokio::test]
async fn a_call_that_becomes_no_task_has_timers_and_no_signals() {
    let (server, _) = shop();
    server.world.on("plain", |_, cx| async move {
        let task: TaskContext = cx.task();
        task.timer("a moment", seconds(5)).await?;
        task.signal::<u8>("never").await?;
        Ok(ToolResult::text("never"))
    });
    let call = server.client(Revision::V2025, Owner::local()).spawn("tools/call", json!({ "name": "plain" }));
    settle().await;
    assert!(!call.is_finished());
    server.advance(seconds(5)).await;
    let told = call.await.unwrap().unwrap();
    assert_eq!(text_of(&told), "the signal `never` can reach a task only, and this call cannot become one");
}

#[tokio::test]
async fn a_fast_tool_that_waits_for_a_signal_gives_its_handle_at_once() {
    let (server, store) = shop();
    waits_for_payment(&server, "swift");
    let client = server.v2026("ann");
    let id = id_of(&client.call("swift", json!({})).await.unwrap());
    assert_eq!(of_ann(&store, &id).signal("paid", &by("Ann")).await.unwrap(), Delivery::Delivered);
    assert_eq!(text(&client, &id).await, "Ann paid 1999");
}

#[tokio::test]
async fn as_many_signals_are_waited_for_at_once_as_questions_may_be_open() {
    let (server, store) = shop_on(MemoryBackend::new(), Limits { open_questions: 2, ..Limits::default() });
    server.world.on("optional", |_, cx| async move {
        let task: TaskContext = cx.task();
        let first = tokio::join!(task.signal::<u8>("a"), task.signal::<u8>("b"));
        let then = tokio::join!(task.signal::<u8>("c"), task.signal::<u8>("d"), task.signal::<u8>("e"));
        let refused = then.2.unwrap_err();
        Ok(ToolResult::text(format!("{} {refused}", first.0? + first.1? + then.0? + then.1?)))
    });
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    for (n, name) in ["a", "b", "c", "d"].iter().enumerate() {
        settle().await;
        assert_eq!(of_ann(&store, &id).signal(name, &n).await.unwrap(), Delivery::Delivered, "{name}");
    }
    assert_eq!(text(&client, &id).await, "6 2 signals that were asked for have not come, and no more are waited for");
}

#[tokio::test]
async fn in_a_tool_that_is_called_names_begin_with_the_call() {
    let (server, store) = shop();
    waits_for_payment(&server, "restarting");
    server.world.on("optional", |_, cx| async move {
        let task: TaskContext = cx.task();
        let (inner, outer) =
            tokio::join!(task.call_named("restarting", "order", json!({})), task.signal::<Payment>("paid"));
        Ok(ToolResult::text(format!("{}; {}", inner?, outer?.by)))
    });
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    settle().await;
    let task = of_ann(&store, &id);
    assert_eq!(task.signal("order/paid", &by("Ann")).await.unwrap(), Delivery::Delivered);
    assert_eq!(task.signal("paid", &by("Bob")).await.unwrap(), Delivery::Delivered);
    assert_eq!(text(&client, &id).await, "\"Ann paid 1999\"; Bob");
}

#[tokio::test]
async fn of_sixteen_racing_deliveries_from_two_processes_one_is_first_and_its_value_stands() {
    let cluster = Cluster::new();
    let server = cluster.alive();
    waits_for_payment(&server, "restarting");
    let client = server.v2026("ann");
    for asked_first in [true, false] {
        let id = client.start("restarting").await;
        if asked_first {
            settle().await;
        }
        let stores = [0, 1].map(|_| elsewhere(Connection::to(&cluster.store), &server));
        let deliveries: Vec<_> = (0..16)
            .map(|n| {
                let task = of_ann(&stores[n % 2], &id);
                tokio::spawn(async move {
                    tokio::task::yield_now().await;
                    (n, task.signal("paid", &Payment { cents: 1, by: n.to_string() }).await.unwrap())
                })
            })
            .collect();
        let mut first = Vec::new();
        for delivery in deliveries {
            let (n, delivery) = delivery.await.unwrap();
            assert!(delivery.is_first() || delivery == Delivery::Again, "{delivery:?}");
            first.extend(delivery.is_first().then_some(n));
        }
        assert_eq!(first.len(), 1, "{first:?}");
        // Without hints it is found by looking, each lease period.
        cluster.clock.advance(seconds(LEASE)).await;
        assert_eq!(text(&client, &id).await, format!("{} paid 1", first[0]));
    }
}

#[tokio::test]
async fn a_hint_of_another_process_wakes_the_wait_at_once() {
    let cluster = Cluster::new();
    let backend = FaultyBackend::to(&cluster.store);
    backend.bring_hints();
    let server = Server::on_clock(cluster.clock.clone(), backend.clone(), |router| {
        router.tool::<Restarting>().lease(minutes(5))
    });
    server.router.keep_house();
    waits_for_payment(&server, "restarting");
    let client = server.v2026("ann");
    let id = client.start("restarting").await;
    settle().await;
    let abroad = of_ann(&elsewhere(Connection::to(&cluster.store), &server), &id);
    assert_eq!(abroad.signal("paid", &by("Ann")).await.unwrap(), Delivery::Delivered);
    settle().await;
    assert_eq!(client.status(&id).await, "working");
    backend.hint(&pmcp_tasks::store::backend::TaskKey { owner: user_owner("ann").key(), id: id.parse().unwrap() });
    assert_eq!(text(&client, &id).await, "Ann paid 1999");
}
