//! What workers do for the tasks of a queue and of the dead, and when there are none.

use pmcp_tasks::router::Execution;

use super::bench::{Bench, LOOKS};
use crate::support::*;

pub(super) async fn queued(bench: Bench) {
    let front = bench.another(|router| router.execution(Execution::Queued)).await;
    for client in front.clients() {
        bench.finish();
        let id = id_of(&front.costs("create", 1, client.create("counted")).await.unwrap());
        let ran = bench.costs("beat claim put", 3, bench.server.router.run_queued(8)).await;
        assert_eq!((ran.unwrap(), client.status(&id).await.as_str()), (1, "completed"));
    }
}

pub(super) async fn none_queued(bench: Bench) {
    assert_eq!(bench.costs("beat claim", 1, bench.server.router.run_queued(8)).await.unwrap(), 0);
}

pub(super) async fn recovery(bench: Bench) {
    let id = bench.server.v2026("ann").start("counted").await;
    bench.inside(|task| async move { task.step("fetch", async || Ok::<_, pmcp_tasks::ToolError>(1)).await }).await;
    let other = bench.another(|router| router).await;
    other.keep_house().await;
    other.looks(LOOKS - 1).await;
    // One claim brings the task with all it had. At every fourth look a worker looks for what is its own, too.
    other.costs("beat workers bury buried claim settle held get", 4, other.looks(1)).await;
    let step = other.inside(|task| async move {
        task.step("fetch", async || Err::<u32, _>(pmcp_tasks::ToolError::new("it runs again"))).await
    });
    assert_eq!(other.costs("", 0, step).await, 1);
    other.costs("put", 1, async { other.finish() }).await;
    assert_eq!(other.server.v2026("ann").status(&id).await, "completed");
}

pub(super) async fn failure_of_the_dead(bench: Bench) {
    let _alive = bench.server.world.never_ends("required");
    let id = bench.server.v2026("ann").start("required").await;
    let other = bench.another(|router| router).await;
    other.keep_house().await;
    other.looks(LOOKS - 1).await;
    other.costs("beat workers bury buried claim put settle held", 5, other.looks(1)).await;
    assert_eq!(other.server.v2026("ann").status(&id).await, "failed");
}

/// The lease is one record, however many tasks the worker runs.
pub(super) async fn idle_period(bench: Bench) {
    bench.keep_house().await;
    bench.looks(1).await;
    let period = "beat workers buried beat workers buried beat workers buried held beat workers buried";
    bench.costs(period, 4, bench.looks(LOOKS)).await;
}
