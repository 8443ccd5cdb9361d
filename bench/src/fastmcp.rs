//! Tasks in Redis over HTTP beside `FastMCP`'s, which are in Redis, too: a tool that does nothing, from the call to its result.

use std::path::PathBuf;

use anyhow::ensure;
use measure::{Samples, Workers};
use tokio::task::JoinSet;

use crate::{
    Effort,
    duel::{Duel, Factor},
    http::whole,
    http_server::Process,
    monitor::{Commands, Monitor},
    services::{part, setting, url},
    table::{Row, Table, Verdict},
};

/// Tasks of ours in a round for each of `FastMCP`: it needs about as much less time.
const MORE: u32 = 10;

pub(crate) fn measure(_: &Workers, effort: Effort, table: &mut Table) -> anyhow::Result<()> {
    let load = Workers::new(1)?;
    let redis = setting("PMCP_TEST_REDIS_URL")?;
    let python = PathBuf::from(setting("PMCP_BENCH_FASTMCP")?);
    let name = format!("fastmcp{}", std::process::id());
    let ours = Process::ours_on(&url("PMCP_TEST_REDIS_URL", "prefix")?)?;
    let theirs = Process::fastmcp(&python, &redis, &name)?;
    for (connections, title) in [(1, "one connection"), (8, "8 connections")] {
        let tasks = effort.of(100, 40);
        let each = tasks / connections;
        let (mut duel, mut asked) = (Duel::default(), [Samples::default(), Samples::default()]);
        for round in 0..=effort.of(9, 4) {
            let other = together(&load, &theirs, connections, each)?;
            let one = together(&load, &ours, connections, each * MORE)?;
            // The first round warms up.
            if round > 0 {
                duel.round(one.0, other.0);
                asked[0].add_value(one.1);
                asked[1].add_value(other.1);
            }
        }
        table.add(Row {
            name: format!("task in Redis over HTTP, {title}, asked for until it has ended (2026-07-28)"),
            ours: duel.one().rates(),
            peer: format!("FastMCP 4 {}", duel.other().rates()),
            ratio: duel.ratio().factors(),
            verdict: Verdict::Budget { text: "> 1x", met: duel.ratio().median > 1.0 },
        });
        table.note(format!(
            "Over HTTP on Redis, {title}: the client asked {} times for the end of a task of ours, {} times for that of one \
             of FastMCP.",
            Factor(asked[0].median()),
            Factor(asked[1].median())
        ));
    }
    let tasks = effort.of(100, 40);
    let one = commands(&load, &ours, &redis, &part(), tasks * MORE)?;
    let other = commands(&load, &theirs, &redis, &name, tasks)?;
    table.add(Row {
        name: "Redis commands on the wire of such a task".into(),
        ours: told(one),
        peer: format!("FastMCP 4 {}", told(other)),
        ratio: format!("{}x fewer", Factor(other[0] / one[0])),
        verdict: Verdict::None,
    });
    Ok(())
}

fn told([sent, in_scripts]: [f64; 2]) -> String {
    format!("{}, and {} inside scripts", Factor(sent), Factor(in_scripts))
}

/// The time for each task when so many connections do so many each, in nanoseconds, and how often the end of one was asked for.
fn together(load: &Workers, server: &Process, connections: u32, each: u32) -> anyhow::Result<(f64, f64)> {
    let address = server.address;
    load.run(async move {
        let mut working = JoinSet::new();
        for _ in 0..connections {
            working.spawn(whole(address, each));
        }
        let done = working.join_all().await.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
        let mean = |of: fn(&(f64, f64)) -> f64| done.iter().map(of).sum::<f64>() / f64::from(connections);
        Ok((mean(|done| done.0) / f64::from(connections), mean(|done| done.1)))
    })
}

/// The commands of a task: those that were sent, and those that scripts called.
fn commands(load: &Workers, server: &Process, redis: &str, word: &str, tasks: u32) -> anyhow::Result<[f64; 2]> {
    let monitor = Monitor::start(redis, word)?;
    together(load, server, 1, tasks)?;
    let Commands { sent, in_scripts } = monitor.end()?;
    ensure!(sent > 0, "the server has nothing in Redis");
    // One that warms up is among them.
    let of = |count: u32| f64::from(count) / f64::from(tasks + 1);
    Ok([of(sent), of(in_scripts)])
}
