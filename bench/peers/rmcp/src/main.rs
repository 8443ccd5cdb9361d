//! The official SDK, rmcp, in the benchmarks: measures what it is told on standard input.

mod http;
mod server;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use measure::{Samples, answer, drawn_out};
use tokio::task::JoinSet;

use crate::server::Rmcp;

fn main() -> anyhow::Result<()> {
    let (mut usual, mut forever) = (None, None);
    answer(|workers, command, number| match command {
        // A fresh server, in whose first 20 tasks nobody is interested.
        "empty" => workers.run(async move {
            let server = Rmcp::connect().await?;
            lifecycles(&server, 20).await?;
            lifecycles(&server, number).await
        }),
        "fill" => {
            let servers = workers.run(async move {
                let (usual, forever) = (Rmcp::connect().await?, Rmcp::connect_keeping_for_ever().await?);
                usual.fill(number).await;
                forever.fill(number).await;
                Ok((Arc::new(usual), Arc::new(forever)))
            })?;
            (usual, forever) = (Some(servers.0), Some(servers.1));
            Ok(Vec::new())
        }
        "filled" | "filled-for-ever" => {
            let server = if command == "filled" { &usual } else { &forever };
            let server = server.clone().ok_or_else(|| anyhow::anyhow!("`fill` comes first"))?;
            workers.run(async move { lifecycles(&server, number).await })
        }
        "late" => workers.run(async move { late(u32::try_from(number)?).await }),
        "work" => workers.run(async move { work(u64::try_from(number)?).await }),
        // It goes on between the commands.
        "serve-http" => workers.run(async { Ok(vec![http::serve().await?]) }),
        other => anyhow::bail!("there is no command `{other}`"),
    })
}

/// The median time of a task, and how often the client asked for each.
async fn lifecycles(server: &Rmcp, tasks: usize) -> anyhow::Result<Vec<f64>> {
    let (mut samples, mut asked) = (Samples::default(), 0_u32);
    for _ in 0..tasks {
        let started = Instant::now();
        asked += server.polled().await?;
        samples.add(started.elapsed());
    }
    Ok(vec![samples.median(), f64::from(asked) / f64::from(u32::try_from(tasks)?)])
}

/// How late a client that polls as it is asked to learns of the end of a task: p50, p99 and the latest. The tasks end at
/// moments spread over the interval.
async fn late(tasks: u32) -> anyhow::Result<Vec<f64>> {
    let server = Arc::new(Rmcp::connect().await?);
    let mut waiting = JoinSet::new();
    for number in 0..tasks {
        let server = server.clone();
        let hold = Duration::from_secs(1) * number / tasks;
        waiting.spawn(async move { server.followed(&number.to_string(), hold).await });
    }
    let mut samples = Samples::default();
    while let Some(late) = waiting.join_next().await {
        samples.add(late??);
    }
    Ok([0.5, 0.99, 1.0].map(|part| samples.quantile(part)).to_vec())
}

/// Work of so many milliseconds and a little more, for several clients at the same time that poll as they are asked to: the
/// time until they know of its end as a multiple of the work, and how late that is; medians.
async fn work(milliseconds: u64) -> anyhow::Result<Vec<f64>> {
    const CLIENTS: u64 = 10;
    let server = Arc::new(Rmcp::connect().await?);
    let mut waiting = JoinSet::new();
    for number in 0..CLIENTS {
        let server = server.clone();
        let hold = Duration::from_millis(drawn_out(milliseconds, number, CLIENTS));
        waiting.spawn(async move { anyhow::Ok((hold, server.followed(&number.to_string(), hold).await?)) });
    }
    let (mut times, mut lates) = (Samples::default(), Samples::default());
    while let Some(done) = waiting.join_next().await {
        let (hold, late) = done??;
        times.add_value((hold + late).as_secs_f64() / hold.as_secs_f64());
        lates.add(late);
    }
    Ok(vec![times.median(), lates.median()])
}
