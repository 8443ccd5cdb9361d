//! Calls and tasks over real HTTP on connections that are kept, beside rmcp told to answer in JSON.
//!
//! Each server is a process of its own with two threads; the load is one thread of this one, and the same bytes for both
//! sides. All of it shares the machine.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use measure::{PAYLOAD, Workers};
use serde_json::json;

use crate::{
    Effort,
    duel::{Duel, Factor},
    http_server::Process,
    table::{Row, Table, Verdict},
    wire::{Connection, contains, modern},
};

pub(crate) fn measure(_: &Workers, effort: Effort, table: &mut Table) -> anyhow::Result<()> {
    let load = Workers::new(1)?;
    let (ours, rmcp) = (Process::ours()?, Process::rmcp()?);
    for (connections, calls, least, text, name) in [
        (1, effort.of(2000, 1000), 1.0, "≥ 1x", "one connection"),
        (32, effort.of(400, 200), 1.2, "≥ 1.2x", "32 connections"),
    ] {
        let mut duel = Duel::default();
        for round in 0..=effort.of(20, 6) {
            let one = load.run(plain(ours.address, connections, calls))?;
            let other = load.run(plain(rmcp.address, connections, calls))?;
            // The first round warms up.
            if round > 0 {
                duel.round(one, other);
            }
        }
        let ratio = duel.ratio();
        table.add(Row {
            name: format!("plain call over HTTP, {name} (2026-07-28)"),
            ours: duel.one().rates(),
            peer: format!("rmcp, answering in JSON {}", duel.other().rates()),
            ratio: ratio.factors(),
            verdict: Verdict::Budget { text, met: ratio.median >= least },
        });
    }
    tasks(&load, effort, table)
}

/// Whole tasks, on fresh servers each round: rmcp's manager looks at every task it keeps.
fn tasks(load: &Workers, effort: Effort, table: &mut Table) -> anyhow::Result<()> {
    const TASKS: u32 = 200;
    let (mut duel, mut asked) = (Duel::default(), (0.0, 0.0));
    for round in 0..=effort.of(20, 6) {
        let (ours, rmcp) = (Process::ours()?, Process::rmcp()?);
        let one = load.run(whole(ours.address, TASKS))?;
        let other = load.run(whole(rmcp.address, TASKS))?;
        if round > 0 {
            duel.round(one.0, other.0);
            asked = (one.1, other.1);
        }
    }
    table.add(Row {
        name: "task over HTTP, one connection, asked for until it has ended (2026-07-28)".into(),
        ours: duel.one().times(),
        peer: format!("rmcp {}", duel.other().times()),
        ratio: duel.ratio().factors(),
        verdict: Verdict::None,
    });
    table.note(format!(
        "Over HTTP the client asked {} times for the end of a task of ours, {} times for that of one of rmcp.",
        Factor(asked.0),
        Factor(asked.1)
    ));
    Ok(())
}

/// The time of a plain call, in nanoseconds, when so many connections make so many each.
async fn plain(server: SocketAddr, connections: u32, calls: u32) -> anyhow::Result<f64> {
    let params = json!({ "name": "echo", "arguments": { "text": PAYLOAD } });
    let request = modern(server, "tools/call", "echo", params, false);
    let mut open = Vec::new();
    for _ in 0..connections {
        let mut connection = Connection::open(server).await?;
        let answer = connection.ask(&request).await?;
        ensure!(answer.result()?["content"][0]["text"] == PAYLOAD, "the answer is {answer:?}");
        open.push(connection);
    }
    let started = Instant::now();
    let mut working = tokio::task::JoinSet::new();
    for mut connection in open {
        let request = request.clone();
        working.spawn(async move {
            for _ in 0..calls {
                let answer = connection.ask(&request).await?;
                ensure!(answer.status == 200 && contains(&answer.body, PAYLOAD.as_bytes()), "the answer is {answer:?}");
            }
            Ok(())
        });
    }
    while let Some(done) = working.join_next().await {
        done??;
    }
    Ok(nanos(started.elapsed()) / f64::from(connections * calls))
}

/// The time of a task from the call to its result, in nanoseconds, and how often its end was asked for.
pub(crate) async fn whole(server: SocketAddr, tasks: u32) -> anyhow::Result<(f64, f64)> {
    let params = json!({ "name": "echo_task", "arguments": { "text": PAYLOAD } });
    let call = modern(server, "tools/call", "echo_task", params, true);
    let mut connection = Connection::open(server).await?;
    let (mut started, mut asked) = (Instant::now(), 0);
    for number in 0..=tasks {
        let created = connection.ask(&call).await?.result()?;
        let id = created["taskId"].as_str().with_context(|| format!("not a task: {created}"))?;
        let get = modern(server, "tasks/get", id, json!({ "taskId": id }), true);
        loop {
            asked += 1;
            let task = connection.ask(&get).await?.result()?;
            if task["status"] != "working" {
                ensure!(task["result"]["content"][0]["text"] == PAYLOAD, "the task ended as {task}");
                break;
            }
        }
        if number == 0 {
            (started, asked) = (Instant::now(), 0);
        }
    }
    Ok((nanos(started.elapsed()) / f64::from(tasks), f64::from(asked) / f64::from(tasks)))
}

fn nanos(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9
}
