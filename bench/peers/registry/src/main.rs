//! The registry's `pmcp-tasks` in the benchmarks: measures what it is told on standard input.

mod store;

use std::{hint::black_box, sync::Arc, time::Instant};

use anyhow::Context as _;
use measure::{Samples, answer};

use crate::store::Registry;

/// How many tasks an owner has where there are several.
const EACH: usize = 100;

/// The page that is listed.
const PAGE: usize = 50;

fn main() -> anyhow::Result<()> {
    let mut filled = None;
    answer(|workers, command, number| {
        let store = || filled.clone().context("`fill` comes first");
        let samples = match command {
            "fill" => {
                let store = workers.run(Registry::filled(number / EACH, EACH))?;
                filled = Some(Arc::new(store));
                return Ok(Vec::new());
            }
            "fill-one-owner" => {
                let store = workers.run(Registry::filled(1, number))?;
                filled = Some(Arc::new(store));
                return Ok(Vec::new());
            }
            "create" => {
                let store = store()?;
                workers.run(async move { create(&store, number).await })?
            }
            "list" => {
                let store = store()?;
                workers.run(async move { list(&store, number).await })?
            }
            other => anyhow::bail!("there is no command `{other}`"),
        };
        Ok(vec![samples.median()])
    })
}

async fn create(store: &Registry, times: usize) -> anyhow::Result<Samples> {
    let mut samples = Samples::default();
    for _ in 0..times {
        let started = Instant::now();
        let record = black_box(store.create().await?);
        samples.add(started.elapsed());
        store.remove(&record).await?;
    }
    Ok(samples)
}

async fn list(store: &Registry, times: usize) -> anyhow::Result<Samples> {
    let mut samples = Samples::default();
    for _ in 0..times {
        let started = Instant::now();
        let listed = black_box(store.list(PAGE).await?);
        samples.add(started.elapsed());
        anyhow::ensure!(listed == PAGE, "a page has {listed} tasks");
    }
    Ok(samples)
}
