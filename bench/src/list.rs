//! A page of 50 of the 10,000 tasks of one owner, at the store.

use std::{hint::black_box, time::Instant};

use anyhow::Context as _;
use pmcp_server::client::ClientRevision;
use pmcp_tasks::{TaskStore, task::Owner};
use tokio::runtime::Runtime;

use crate::{
    Effort,
    ours::Ours,
    registry::Registry,
    sample::{Duel, Samples},
    table::{Row, Table, Verdict},
};

const PRESENT: usize = 10_000;
const PAGE: u16 = 50;

pub(crate) fn measure(runtime: &Runtime, effort: Effort, table: &mut Table) -> anyhow::Result<()> {
    let duel = runtime.block_on(duel(effort))?;
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

async fn duel(effort: Effort) -> anyhow::Result<Duel> {
    let store = TaskStore::memory();
    let server = Ours::echo(store.clone(), ClientRevision::V2025).await?;
    for _ in 0..PRESENT {
        server.waited().await?;
    }
    let registry = Registry::filled(1, PRESENT).await?;
    let owner = Owner::local();
    let mut duel = Duel::default();
    for round in 0..=effort.of(20, 6) {
        let (mut one, mut other) = (Samples::default(), Samples::default());
        for _ in 0..500 {
            let started = Instant::now();
            let page = black_box(store.list(&owner, None, PAGE).await?).context("a page")?;
            one.add(started.elapsed());
            anyhow::ensure!(page.tasks.len() == usize::from(PAGE) && page.next.is_some());
        }
        for _ in 0..5 {
            let started = Instant::now();
            let listed = black_box(registry.list(usize::from(PAGE)).await?);
            other.add(started.elapsed());
            anyhow::ensure!(listed == usize::from(PAGE));
        }
        // The first round warms up.
        if round > 0 {
            duel.round(&one, &other);
        }
    }
    Ok(duel)
}
