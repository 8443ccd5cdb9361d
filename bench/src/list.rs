//! A page of 50 of the 10,000 tasks of one owner, at the store.

use std::{hint::black_box, time::Instant};

use anyhow::Context as _;
use measure::{Peer, Samples, Workers};
use pmcp_client::Version;
use pmcp_tasks::{TaskStore, task::Owner};

use crate::{
    Effort,
    duel::Duel,
    ours::Ours,
    table::{Row, Table, Verdict},
};

const PRESENT: usize = 10_000;
const PAGE: u16 = 50;

pub(crate) fn measure(workers: &Workers, effort: Effort, table: &mut Table) -> anyhow::Result<()> {
    let store = TaskStore::memory();
    workers.run(fill(store.clone()))?;
    let mut peer = Peer::start("peer-registry", 2)?;
    peer.measure(&format!("fill-one-owner {PRESENT}"))?;
    let mut duel = Duel::default();
    for round in 0..=effort.of(20, 6) {
        let one = workers.run(list(store.clone()))?;
        let other = peer.one("list 5")?;
        // The first round warms up.
        if round > 0 {
            duel.round(one, other);
        }
    }
    let ratio = duel.ratio();
    table.add(Row {
        name: "list(50) with 10,000 tasks of one owner".into(),
        ours: duel.one().times(),
        peer: format!("pmcp-tasks 0.2.0 {}", duel.other().times()),
        ratio: ratio.factors(),
        verdict: Verdict::Budget { text: "≥ 300x", met: ratio.median >= 300.0 },
    });
    Ok(())
}

/// Fills the store with finished tasks, through a server.
async fn fill(store: TaskStore) -> anyhow::Result<()> {
    let server = Ours::echo(store, Version::V2025_11_25).await?;
    for _ in 0..PRESENT {
        server.waited().await?;
    }
    Ok(())
}

/// The median time of a page.
async fn list(store: TaskStore) -> anyhow::Result<f64> {
    let owner = Owner::local();
    let mut samples = Samples::default();
    for _ in 0..500 {
        let started = Instant::now();
        let page = black_box(store.list(&owner, None, PAGE).await?).context("a page")?;
        samples.add(started.elapsed());
        anyhow::ensure!(page.tasks.len() == usize::from(PAGE) && page.next.is_some(), "the page is not full");
    }
    Ok(samples.median())
}
