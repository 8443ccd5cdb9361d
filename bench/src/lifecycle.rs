//! A whole task that does nothing: the call, the task, its result, over an in-process connection.

use std::time::Instant;

use pmcp_server::client::ClientRevision;
use pmcp_tasks::TaskStore;
use tokio::runtime::Runtime;

use crate::{
    Effort,
    ours::Ours,
    rmcp::Rmcp,
    sample::{Duel, Factor, Samples},
    table::{Row, Table, Verdict},
};

const PRESENT: usize = 10_000;

/// How many tasks a fresh server gets before and while it is timed: it is to be all but empty.
const WARM_UP: usize = 20;
const EMPTY: usize = 60;

pub(crate) fn measure(runtime: &Runtime, effort: Effort, table: &mut Table) -> anyhow::Result<()> {
    runtime.block_on(empty(effort, table))?;
    runtime.block_on(full(effort, table))
}

/// Times tasks of ours, and tells how often the client asked for each.
async fn ours(server: &Ours, tasks: usize) -> anyhow::Result<(Samples, f64)> {
    let (mut samples, mut asked) = (Samples::default(), 0);
    for _ in 0..tasks {
        let started = Instant::now();
        asked += server.polled().await?;
        samples.add(started.elapsed());
    }
    Ok((samples, mean(asked, tasks)))
}

async fn theirs(server: &Rmcp, tasks: usize) -> anyhow::Result<(Samples, f64)> {
    let (mut samples, mut asked) = (Samples::default(), 0);
    for _ in 0..tasks {
        let started = Instant::now();
        asked += server.polled().await?;
        samples.add(started.elapsed());
    }
    Ok((samples, mean(asked, tasks)))
}

async fn waited(server: &Ours, tasks: usize) -> anyhow::Result<Samples> {
    let mut samples = Samples::default();
    for _ in 0..tasks {
        let started = Instant::now();
        server.waited().await?;
        samples.add(started.elapsed());
    }
    Ok(samples)
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn mean(sum: usize, of: usize) -> f64 {
    sum as f64 / of as f64
}

/// Servers without tasks: a fresh pair each round.
async fn empty(effort: Effort, table: &mut Table) -> anyhow::Result<()> {
    let (mut polled, mut pushed, mut asked) = (Duel::default(), Duel::default(), (0.0, 0.0));
    let rounds = effort.of(30, 10);
    for round in 0..=rounds {
        let ours_2026 = Ours::echo(TaskStore::memory(), ClientRevision::V2026).await?;
        let ours_2025 = Ours::echo(TaskStore::memory(), ClientRevision::V2025).await?;
        let rmcp = Rmcp::connect().await?;
        ours(&ours_2026, WARM_UP).await?;
        waited(&ours_2025, WARM_UP).await?;
        theirs(&rmcp, WARM_UP).await?;
        let (one, ours_asked) = ours(&ours_2026, EMPTY).await?;
        let (other, theirs_asked) = theirs(&rmcp, EMPTY).await?;
        let two = waited(&ours_2025, EMPTY).await?;
        if round > 0 {
            polled.round(&one, &other);
            pushed.round(&two, &other);
            asked = (asked.0 + ours_asked, asked.1 + theirs_asked);
        }
    }
    let ratio = polled.ratio();
    table.add(Row {
        name: "task over a connection, empty".into(),
        ours: polled.one().times(),
        peer: format!("rmcp {}", polled.other().times()),
        ratio: ratio.factors(),
        verdict: Verdict::Budget { text: "> 1x", met: ratio.median > 1.0 },
    });
    table.add(Row {
        name: "the same, waiting for tasks/result (2025-11-25)".into(),
        ours: pushed.one().times(),
        peer: format!("rmcp {}", pushed.other().times()),
        ratio: pushed.ratio().factors(),
        verdict: Verdict::None,
    });
    let rounds = f64::from(rounds);
    table.note(format!(
        "Empty: the client asked {} times for a task of ours, {} times for one of rmcp.",
        Factor(asked.0 / rounds),
        Factor(asked.1 / rounds)
    ));
    Ok(())
}

/// Servers that keep 10,000 finished tasks.
async fn full(effort: Effort, table: &mut Table) -> anyhow::Result<()> {
    let ours_2026 = Ours::echo(TaskStore::memory(), ClientRevision::V2026).await?;
    ours(&ours_2026, PRESENT).await?;
    let ours_2025 = Ours::echo(TaskStore::memory(), ClientRevision::V2025).await?;
    waited(&ours_2025, PRESENT).await?;
    let rmcp = Rmcp::connect().await?;
    rmcp.fill(PRESENT).await;
    let forever = Rmcp::connect_keeping_for_ever().await?;
    forever.fill(PRESENT).await;
    theirs(&rmcp, WARM_UP).await?;
    theirs(&forever, WARM_UP).await?;
    let (mut polled, mut pushed, mut kept) = (Duel::default(), Duel::default(), Duel::default());
    for _ in 0..effort.of(20, 8) {
        // Ours need a tenth of the time, and get ten times as many tasks.
        let (one, _) = ours(&ours_2026, 200).await?;
        let (other, _) = theirs(&rmcp, 20).await?;
        let two = waited(&ours_2025, 200).await?;
        let (last, _) = theirs(&forever, 20).await?;
        polled.round(&one, &other);
        pushed.round(&two, &other);
        kept.round(&one, &last);
    }
    let ratio = polled.ratio();
    table.add(Row {
        name: "task over a connection, 10,000 present".into(),
        ours: polled.one().times(),
        peer: format!("rmcp {}", polled.other().times()),
        ratio: ratio.factors(),
        verdict: Verdict::Budget { text: "≥ 10x", met: ratio.median >= 10.0 },
    });
    table.add(Row {
        name: "the same, waiting for tasks/result (2025-11-25)".into(),
        ours: pushed.one().times(),
        peer: format!("rmcp {}", pushed.other().times()),
        ratio: pushed.ratio().factors(),
        verdict: Verdict::None,
    });
    table.add(Row {
        name: "the same, rmcp told to keep tasks for ever".into(),
        ours: kept.one().times(),
        peer: format!("rmcp {}", kept.other().times()),
        ratio: kept.ratio().factors(),
        verdict: Verdict::None,
    });
    Ok(())
}
