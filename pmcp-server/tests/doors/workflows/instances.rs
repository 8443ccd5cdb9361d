//! One run, and clients at two servers of one store, in different revisions.

use std::time::Duration;

use futures_util::future::join_all;
use pmcp_tasks::{TaskStore, testing::ManualClock};
use serde_json::json;

use super::{Connected, Done, Stored, Way, player::*, server};

/// Calls that race at each server.
const RACING: usize = 8;

/// Two servers of one store on one clock.
async fn two(stored: &Stored, clock: &ManualClock, done: &Done, lease: Duration) -> [Connected; 2] {
    let store = async || TaskStore::new(stored.link().await).with_clock(clock.clone());
    [
        Connected::new(server(store().await, done).lease(lease), Way::Http("2025-11-25")).await,
        Connected::new(server(store().await, done).lease(lease), Way::Http("2026-07-28")).await,
    ]
}

pub(super) async fn of_many_who_move_it_one_is_heard(stored: &Stored) {
    let (clock, done) = (ManualClock::new(), Done::default());
    let [here, there] = two(stored, &clock, &done, Duration::from_secs(60)).await.map(|one| (one.client, one.running));
    let clients = || [&here.0, &there.0].into_iter().cycle().take(2 * RACING);
    let run = run_of(&begin(&here.0).await["_meta"][STANDING]);
    assert_eq!(run_of(&begin(&there.0).await["_meta"][STANDING]), run, "the same request joins it elsewhere");

    let given = clients()
        .enumerate()
        .map(async |(n, client)| go_on(client, &run, json!({ "step": "text", "result": format!("Dear {n}") })).await);
    let given = join_all(given).await;
    let heard: Vec<_> = (0..2 * RACING).filter(|n| !texts(&given[*n]).contains("nothing was recorded")).collect();
    let standing = go_on(&there.0, &run, json!({})).await.meta[STANDING].clone();
    let [heard] = heard[..] else { panic!("{heard:?} were heard") };
    assert_eq!(standing["steps"][2]["result"], format!("Dear {heard}"));

    let stamped = join_all(clients().map(async |client| call(client, "stamp", &run, json!({})).await)).await;
    assert!(stamped.iter().all(|result| result.first_text() == Some("stamped envelope to Ann's house")));
    let recorded = stamped.iter().filter(|result| texts(result).contains("Recorded as step")).count();
    assert_eq!(recorded, 1);
    let [address, fold, _, post] = done.counts();
    assert_eq!([address, fold, post], [1; 3], "the server went on once");
    let ends = [here.0.task(run.clone()).result().await.unwrap(), there.0.task(run).result().await.unwrap()];
    assert_eq!(ends[0].structured, ends[1].structured);
}

pub(super) async fn an_end_is_one_for_all(stored: &Stored) {
    let (clock, done) = (ManualClock::new(), Done::default());
    let [here, there] = two(stored, &clock, &done, Duration::from_secs(60)).await.map(|one| (one.client, one.running));
    let run = run_of(&begin(&here.0).await["_meta"][STANDING]);
    there.0.task(run.clone()).cancel().await.unwrap();
    let late = go_on(&here.0, &run, json!({ "step": "text", "result": "Dear Ann" })).await;
    assert!(texts(&late).contains("nothing was recorded"), "{late:?}");
    assert_eq!(late.meta[STANDING]["state"], "cancelled");
    let late = call(&there.0, "stamp", &run, json!({ "envelope": "mine" })).await;
    assert!(texts(&late).contains("The run has ended: this call was not recorded."), "{late:?}");
    assert_eq!(done.counts(), [1, 1, 1, 0]);
}

pub(super) async fn a_run_that_expired_is_gone_everywhere(stored: &Stored) {
    let (clock, done) = (ManualClock::new(), Done::default());
    let minute = Duration::from_secs(60);
    let [here, there] = two(stored, &clock, &done, minute).await.map(|one| (one.client, one.running));
    let run = run_of(&begin(&here.0).await["_meta"][STANDING]);
    clock.advance(Duration::from_secs(15 * 60 - 1)).await;
    let left = go_on(&there.0, &run, json!({})).await;
    assert_eq!(left.meta[STANDING]["pause"]["step"], "text", "it is still there");
    clock.advance(Duration::from_secs(1)).await;
    for (client, _) in [&here, &there] {
        let gone = go_on(client, &run, json!({})).await;
        assert!(gone.first_text().unwrap().starts_with("You have no run with this `_task_id`"), "{gone:?}");
        assert_eq!(client.task(run.clone()).get().await.unwrap_err().code(), Some(-32602));
    }
    assert!(here.0.list_tasks().await.unwrap().is_empty());
    assert_ne!(run_of(&begin(&there.0).await["_meta"][STANDING]), run);
}
