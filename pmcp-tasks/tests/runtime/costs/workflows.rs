//! Runs of workflows.

use serde_json::json;

use super::bench::{Bench, LOOKS};
use crate::workflows::deploy::{run_id, standing, states, with_deploy};

/// A run of four steps, one of them the client's: a commit each, and one for the beginning.
pub(super) async fn a_run_of_a_workflow(bench: Bench) {
    let bench = bench.another(with_deploy).await;
    let [client, _] = bench.clients();
    // This process has a worker by then.
    client.prompt(json!({ "service": "another" })).await.unwrap();
    let arguments = json!({ "service": "no notes" });
    // Looks for one that has just begun; begins; each step's result with the beginning of the next, or with what it waits for.
    let begun = bench.costs_beside_waiting("page create put put", 3, client.prompt(arguments)).await.unwrap();
    assert_eq!(states(&begun)[..3], ["done", "done", "open"]);
    let id = run_id(&begun);
    let call = client.call("plain", json!({ "_task_id": id }));
    let done = bench.costs_beside_waiting("put put", 2, call).await.unwrap();
    assert_eq!(standing(&done)["state"], "completed");
}

/// Calls of a client with a run that waits: one read of it, and one write of what was done.
pub(super) async fn calls_of_a_run(bench: Bench) {
    let bench = bench.another(with_deploy).await;
    let [client, _] = bench.clients();
    let id = run_id(&client.prompt(json!({ "service": "api" })).await.unwrap());
    bench.costs("get", 0, client.go_on(&id, json!({}))).await;
    let done = bench.costs("get put", 1, client.call("plain", json!({ "_task_id": id }))).await.unwrap();
    assert_eq!(states(&done)[2..], ["done", "open", "waiting"]);
    bench.costs("get", 0, client.call("plain", json!({ "_task_id": id }))).await.unwrap();
    bench.server.world.never_ends("optional");
    let given = json!({ "step": "notes", "result": "What is new.", "wait_seconds": 0 });
    // After the move it waits, which begins with a read, and tells how the run stands then.
    let done = bench.costs("get put get get", 1, client.go_on(&id, given)).await;
    assert_eq!(states(&done)[4], "running");
}

/// What waits for its client is held by nobody, and looked at by nobody.
pub(super) async fn parked_runs_cost_nothing(bench: Bench) {
    let bench = bench.another(with_deploy).await;
    bench.keep_house().await;
    // The process before is buried by then.
    bench.looks(5 * LOOKS + 1).await;
    let period = "beat workers buried beat workers buried beat workers buried held beat workers buried";
    bench.costs(period, 4, bench.looks(LOOKS)).await;
    let [client, _] = bench.clients();
    for service in ["a", "b"] {
        client.prompt(json!({ "service": service })).await.unwrap();
    }
    bench.costs(period, 4, bench.looks(LOOKS)).await;
}
