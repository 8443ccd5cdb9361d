//! A call of a tool that is a client's step, beside a call of the same tool that is none.

use std::time::Instant;

use anyhow::ensure;
use measure::{PAYLOAD, Samples, Workers};
use serde_json::{Value, json};

use super::{Asks, Place, STANDING, router, run_id};
use crate::{
    Effort,
    duel::Nanos,
    table::{Row, Table, Verdict},
};

/// The longest time that one of a hundred such calls may take, in nanoseconds: the look at the run, the write of the step, and what follows.
const BUDGET: f64 = 20e6;

pub(super) fn measure(
    workers: &Workers,
    effort: Effort,
    table: &mut Table,
    name: &str,
    place: Place,
) -> anyhow::Result<()> {
    let calls = effort.of(2000, 300);
    let (plain, bound) = workers.run(async move {
        let store = place.open().await?;
        let asks = Asks::new(router(&store, |router| router)?, 1);
        let (mut plain, mut bound) = (Samples::default(), Samples::default());
        for number in 0..calls + 20 {
            let standing = asks.begin("parks").await?;
            let run = run_id(&standing)?;
            let (time, _) = timed(&asks, json!({ "text": PAYLOAD })).await?;
            let (bound_time, said) = timed(&asks, json!({ "text": PAYLOAD, "_task_id": run })).await?;
            ensure!(said["_meta"][STANDING]["pause"]["step"] == "given", "it was not recorded: {said}");
            asks.ask("tasks/cancel", json!({ "taskId": run })).await?;
            // The first ones warm up.
            if number >= 20 {
                plain.add_value(time);
                bound.add_value(bound_time);
            }
        }
        Ok((plain, bound))
    })?;
    let told = |samples: &Samples| {
        let [half, most, all] = [0.5, 0.99, 1.0].map(|part| Nanos(samples.quantile(part)));
        format!("p50 {half}, p99 {most}, max {all}")
    };
    table.add(Row {
        name: format!("call of a tool that is a step of a run, with the step recorded, {name}"),
        ours: told(&bound),
        peer: format!("the same tool, called plainly: {}", told(&plain)),
        ratio: format!("{} more at p50", Nanos(bound.median() - plain.median())),
        verdict: Verdict::Budget { text: "p99 ≤ 20 ms", met: bound.quantile(0.99) <= BUDGET },
    });
    Ok(())
}

/// The time of a call, in nanoseconds, and its result.
async fn timed(asks: &Asks, arguments: Value) -> anyhow::Result<(f64, Value)> {
    let start = Instant::now();
    let said = asks.ask("tools/call", json!({ "name": "say", "arguments": arguments })).await?;
    let time = start.elapsed().as_secs_f64() * 1e9;
    ensure!(said["content"][0]["text"] == PAYLOAD, "the tool said {said}");
    Ok((time, said))
}
