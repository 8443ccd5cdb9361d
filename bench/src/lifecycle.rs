//! A whole task that does nothing: the call, the task, its result, over an in-process connection.

use std::{sync::Arc, time::Instant};

use measure::{Peer, Samples, Workers};
use pmcp_client::Version;
use pmcp_tasks::TaskStore;

use crate::{
    Effort,
    duel::{Duel, Factor},
    ours::Ours,
    table::{Row, Table, Verdict},
};

const PRESENT: u32 = 10_000;

/// How many tasks a fresh server gets before and while it is timed: it is to be all but empty.
const WARM_UP: u32 = 20;
const EMPTY: u32 = 60;

pub(crate) fn measure(two: &Workers, effort: Effort, table: &mut Table) -> anyhow::Result<()> {
    let one = Workers::new(1)?;
    for (workers, threads, name) in [(&one, 1, "one thread"), (two, 2, "two threads")] {
        let mut peer = Peer::start("peer-rmcp", threads)?;
        empty(workers, &mut peer, effort, name, table)?;
        full(workers, &mut peer, effort, name, table)?;
    }
    Ok(())
}

/// The median time of a task of a 2026-07-28 client that asks for its end, and how often it asks.
async fn polled(server: &Ours, tasks: u32) -> anyhow::Result<(f64, f64)> {
    let (mut samples, mut asked) = (Samples::default(), 0);
    for _ in 0..tasks {
        let started = Instant::now();
        asked += server.polled().await?;
        samples.add(started.elapsed());
    }
    Ok((samples.median(), f64::from(asked) / f64::from(tasks)))
}

/// The median time of a task of a 2025-11-25 client that waits for its end.
async fn waited(server: &Ours, tasks: u32) -> anyhow::Result<f64> {
    let mut samples = Samples::default();
    for _ in 0..tasks {
        let started = Instant::now();
        server.waited().await?;
        samples.add(started.elapsed());
    }
    Ok(samples.median())
}

/// Servers without tasks, fresh ones each round.
fn empty(workers: &Workers, peer: &mut Peer, effort: Effort, threads: &str, table: &mut Table) -> anyhow::Result<()> {
    let (mut polls, mut waits) = (Duel::default(), Duel::default());
    let (mut asked_ours, mut asked_theirs) = (Samples::default(), Samples::default());
    for round in 0..=effort.of(300, 100) {
        let (poll, asked) = workers.run(async {
            let server = Ours::echo(TaskStore::memory(), Version::V2026_07_28).await?;
            polled(&server, WARM_UP).await?;
            polled(&server, EMPTY).await
        })?;
        let theirs = peer.measure(&format!("empty {EMPTY}"))?;
        let wait = workers.run(async {
            let server = Ours::echo(TaskStore::memory(), Version::V2025_11_25).await?;
            waited(&server, WARM_UP).await?;
            waited(&server, EMPTY).await
        })?;
        // The first round warms up.
        if round > 0 {
            polls.round(poll, theirs[0]);
            waits.round(wait, theirs[0]);
            asked_ours.add_value(asked);
            asked_theirs.add_value(theirs[1]);
        }
    }
    let ratio = polls.ratio();
    let name = format!("task over a connection, {threads}, empty");
    table.add(row(&name, &polls, Verdict::Budget { text: "> 1x", met: ratio.median > 1.0 }));
    table.add(row("the same, waiting in tasks/result (2025-11-25)", &waits, Verdict::None));
    table.note(format!(
        "Empty, {threads}: the client asked {} times for the end of a task of ours, {} times for that of one of rmcp.",
        Factor(asked_ours.median()),
        Factor(asked_theirs.median())
    ));
    Ok(())
}

/// Servers that keep 10,000 finished tasks.
fn full(workers: &Workers, peer: &mut Peer, effort: Effort, threads: &str, table: &mut Table) -> anyhow::Result<()> {
    let (poller, waiter) = workers.run(async {
        let poller = Ours::echo(TaskStore::memory(), Version::V2026_07_28).await?;
        polled(&poller, PRESENT).await?;
        let waiter = Ours::echo(TaskStore::memory(), Version::V2025_11_25).await?;
        waited(&waiter, PRESENT).await?;
        Ok((Arc::new(poller), Arc::new(waiter)))
    })?;
    peer.measure(&format!("fill {PRESENT}"))?;
    let (mut polls, mut waits, mut kept) = (Duel::default(), Duel::default(), Duel::default());
    for round in 0..=effort.of(100, 30) {
        // Ours need a tenth of the time, and get ten times as many tasks.
        let server = poller.clone();
        let (poll, _) = workers.run(async move { polled(&server, 200).await })?;
        let theirs = peer.one("filled 20")?;
        let server = waiter.clone();
        let wait = workers.run(async move { waited(&server, 200).await })?;
        let forever = peer.one("filled-for-ever 20")?;
        if round > 0 {
            polls.round(poll, theirs);
            waits.round(wait, theirs);
            kept.round(poll, forever);
        }
    }
    let met = polls.ratio().median >= 10.0;
    let name = format!("task over a connection, {threads}, 10,000 present");
    table.add(row(&name, &polls, Verdict::Budget { text: "≥ 10x", met }));
    table.add(row("the same, waiting in tasks/result (2025-11-25)", &waits, Verdict::None));
    table.add(row("the same, rmcp told to keep tasks for ever", &kept, Verdict::None));
    Ok(())
}

fn row(name: &str, duel: &Duel, verdict: Verdict) -> Row {
    Row {
        name: name.into(),
        ours: duel.one().times(),
        peer: format!("rmcp {}", duel.other().times()),
        ratio: duel.ratio().factors(),
        verdict,
    }
}
