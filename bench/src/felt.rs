//! How long somebody waits who called a task's tool: short work, which must not feel like a task, and longer work, whose
//! end is to be known soon after it. The clients poll, as every client that knows tasks does.

use std::time::{Duration, Instant};

use anyhow::ensure;
use measure::{Peer, Samples, Workers, drawn_out};
use pmcp_server::Server;
use pmcp_tasks::{TaskStore, prelude::*};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    Effort,
    counted::Counted,
    duel::{Duel, Factor, Nanos},
    table::{Row, Table, Verdict},
    talk::{Revision, Talk},
};

/// The work of a fast tool, in milliseconds.
const FAST: u64 = 1;

/// The work of slower ones.
const SLOW: [u64; 3] = [150, 1000, 5000];

/// How late the end of a task may be known, however long it took: one full interval.
const INTERVAL: Duration = Duration::from_millis(500);

/// Works for so long.
#[task_tool]
async fn work(milliseconds: u64) -> Result<String, ToolError> {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    Ok("done".into())
}

/// Does the same, and is never a task.
#[task_tool(support = "forbidden")]
async fn work_plainly(milliseconds: u64) -> Result<String, ToolError> {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    Ok("done".into())
}

fn server(store: TaskStore) -> Server<()> {
    Server::new("bench", "1").tool::<work>().tool::<work_plainly>().store(store)
}

pub(crate) fn measure(workers: &Workers, effort: Effort, table: &mut Table) -> anyhow::Result<()> {
    fast(workers, effort, table)?;
    let mut peer = Peer::start("peer-rmcp", 2)?;
    for milliseconds in SLOW {
        // rmcp's manager knows the one revision, and one way to wait.
        let rmcp = peer.measure(&format!("work {milliseconds}"))?;
        for (revision, name) in [(Revision::V2026, "2026-07-28"), (Revision::V2025, "2025-11-25")] {
            slow(workers, (revision, name), milliseconds, &rmcp, table)?;
        }
    }
    Ok(())
}

/// A fast tool that may be a task, beside the same tool that may not.
fn fast(workers: &Workers, effort: Effort, table: &mut Table) -> anyhow::Result<()> {
    let rounds = effort.of(10, 3);
    let (duel, operations, asked) = workers.run(async move {
        let store = Counted::default();
        let mut client = Talk::connect(server(TaskStore::new(store.clone())), Revision::V2026).await?;
        let (mut duel, mut operations, mut asked) = (Duel::default(), Samples::default(), Samples::default());
        for round in 0..=rounds {
            let (plain, _) = fast_calls(&mut client, "work_plainly").await?;
            store.operations();
            let (bare, polls) = fast_calls(&mut client, "work").await?;
            // The first round warms up.
            if round > 0 {
                duel.round(plain, bare);
                operations.add_value(f64::from(store.operations()) / f64::from(CALLS));
                asked.add_value(polls);
            }
        }
        Ok((duel, operations, asked))
    })?;
    let ratio = duel.ratio();
    table.add(Row {
        name: format!("{FAST} ms of work in a bare task tool, to a client that polls as told (2026-07-28)"),
        ours: duel.other().times(),
        peer: format!("ours, support = \"forbidden\": {}", duel.one().times()),
        ratio: ratio.factors(),
        verdict: Verdict::Budget { text: "≤ 1.2x", met: ratio.median <= 1.2 },
    });
    let most = operations.quantile(1.0);
    table.add(Row {
        name: "store operations of such a call".into(),
        ours: Factor(operations.median()).to_string(),
        peer: String::new(),
        ratio: String::new(),
        verdict: Verdict::Budget { text: "0", met: most == 0.0 },
    });
    table.note(format!("{FAST} ms of work: the client asked {} times for the end of a call.", Factor(asked.median())));
    Ok(())
}

/// How many calls a round makes.
const CALLS: u32 = 20;

/// The median time from the call of a tool to its result, and how often that was asked for.
async fn fast_calls(client: &mut Talk, tool: &str) -> anyhow::Result<(f64, f64)> {
    let (mut samples, mut asked) = (Samples::default(), 0);
    for _ in 0..CALLS {
        let started = Instant::now();
        let (answer, polls) = client.follow(tool, json!({ "milliseconds": FAST }), true).await?;
        samples.add(started.elapsed());
        asked += polls;
        let result = if polls > 0 { &answer["result"] } else { &answer };
        done(result)?;
    }
    Ok((samples.median(), f64::from(asked) / f64::from(CALLS)))
}

fn done(result: &Value) -> anyhow::Result<()> {
    ensure!(result["content"][0]["text"] == "done", "the tool answered {result}");
    Ok(())
}

/// How many clients wait for slow work at the same time, each with a server of its own.
const CLIENTS: u64 = 10;

/// Slower work, for each client a little more: until it knows of the end.
fn slow(
    workers: &Workers,
    (revision, name): (Revision, &str),
    milliseconds: u64,
    rmcp: &[f64],
    table: &mut Table,
) -> anyhow::Result<()> {
    let (times, late) = workers.run(async move {
        let mut waiting = JoinSet::new();
        for number in 0..CLIENTS {
            waiting.spawn(async move {
                let mut client = Talk::connect(server(TaskStore::memory()), revision).await?;
                let work = drawn_out(milliseconds, number, CLIENTS);
                let started = Instant::now();
                let arguments = json!({ "milliseconds": work });
                let (_, asked) = client.follow("work", arguments, true).await?;
                let known = started.elapsed();
                ensure!(asked > 0, "work of {work} ms was no task");
                anyhow::Ok((known, Duration::from_millis(work)))
            });
        }
        let (mut times, mut late) = (Samples::default(), Samples::default());
        while let Some(done) = waiting.join_next().await {
            let (known, work) = done??;
            times.add_value(known.as_secs_f64() / work.as_secs_f64());
            late.add(known.saturating_sub(work));
        }
        Ok((times, late))
    })?;
    let (median, most) = (times.median(), times.quantile(1.0));
    table.add(Row {
        name: format!("{milliseconds} ms of work, until a client that polls as told knows of its end ({name})"),
        ours: format!("{median:.2}x, max {most:.2}x; {} late", Nanos(late.median())),
        peer: format!("rmcp (2026-07-28) {:.2}x; {} late", rmcp[0], Nanos(rmcp[1])),
        ratio: format!("{}x as late", Factor(rmcp[1] / late.median())),
        verdict: Verdict::Budget {
            text: "≤ 1.3x, ≤ 500 ms late",
            met: median <= 1.3 && late.median() <= INTERVAL.as_secs_f64() * 1e9,
        },
    });
    Ok(())
}
