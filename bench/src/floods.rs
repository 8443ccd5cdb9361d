//! The time other clients wait while one floods the server, beside the time they wait in quiet.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use measure::{PAYLOAD, Samples, Workers};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use serde_json::json;

use crate::{
    Effort,
    flood::FLOODS,
    http_server::{Process, QUIET, authorized},
    table::{Row, Table, Verdict},
    wire::{Connection, contains, modern},
};

/// Connections of the other clients.
const CONNECTIONS: usize = 4;

/// Pause of each between two requests: they do not fill the machine by themselves.
const PAUSE: Duration = Duration::from_millis(5);

/// Times as long as in quiet that one of a hundred requests may take beside a flood.
const MOST: f64 = 3.0;

pub(crate) fn measure(_: &Workers, effort: Effort, table: &mut Table) -> anyhow::Result<()> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
    let load = Workers::new(1)?;
    let span = effort.flood.unwrap_or(effort.of(Duration::from_secs(20), Duration::from_secs(3)));
    for (flood, _, words) in FLOODS.into_iter().filter(|(flood, ..)| effort.only.is_none_or(|only| only == *flood)) {
        let server = Process::with_owners()?;
        let quiet = load.run(others(server.address, span.min(Duration::from_secs(20))))?;
        let beginning = server.resident()?;
        let flooding = flood.start(server.address)?;
        let beside = load.run(others(server.address, span))?;
        let peak = server.peak()?;
        drop(flooding);
        let ratio = beside.quantile(0.99) / quiet.quantile(0.99);
        table.add(Row {
            name: format!("others' requests beside {words}"),
            ours: told(&beside),
            peer: format!("in quiet {}; memory {:.0} MB, at most {:.0} MB", told(&quiet), beginning / 1e6, peak / 1e6),
            ratio: format!("{ratio:.2}x at p99"),
            verdict: Verdict::Budget { text: "≤ 3x", met: ratio <= MOST },
        });
    }
    Ok(())
}

fn told(samples: &Samples) -> String {
    let [median, most] = [0.5, 0.99].map(|part| samples.quantile(part) / 1e6);
    format!("p50 {median:.2} ms, p99 {most:.2} ms")
}

/// The times of the requests that several clients of one owner make in this span, in nanoseconds: plain calls and whole
/// tasks. None may fail.
async fn others(server: SocketAddr, span: Duration) -> anyhow::Result<Samples> {
    let end = Instant::now() + span;
    let mut working = tokio::task::JoinSet::new();
    for _ in 0..CONNECTIONS {
        working.spawn(one(server, end));
    }
    let mut all = Vec::new();
    while let Some(done) = working.join_next().await {
        all.extend(done??);
    }
    Ok(all.into_iter().collect())
}

async fn one(server: SocketAddr, end: Instant) -> anyhow::Result<Vec<f64>> {
    let tool = |name: &str| json!({ "name": name, "arguments": { "text": PAYLOAD } });
    let request = |method: &str, name: &str, params| authorized(&modern(server, method, name, params, true), QUIET);
    let plain = request("tools/call", "echo", tool("echo"));
    let create = request("tools/call", "echo_task", tool("echo_task"));
    let mut connection = Connection::open(server).await?;
    let mut times = Vec::new();
    while Instant::now() < end {
        let begun = Instant::now();
        let answer = connection.ask(&plain).await?;
        times.push(begun.elapsed().as_secs_f64() * 1e9);
        ensure!(answer.status == 200 && contains(&answer.body, PAYLOAD.as_bytes()), "the answer is {answer:?}");
        tokio::time::sleep(PAUSE).await;
        let begun = Instant::now();
        let created = connection.ask(&create).await?.result()?;
        times.push(begun.elapsed().as_secs_f64() * 1e9);
        let id = created["taskId"].as_str().with_context(|| format!("not a task: {created}"))?.to_owned();
        let get = request("tasks/get", &id, json!({ "taskId": id }));
        loop {
            tokio::time::sleep(PAUSE).await;
            let begun = Instant::now();
            let task = connection.ask(&get).await?.result()?;
            times.push(begun.elapsed().as_secs_f64() * 1e9);
            if task["status"] != "working" {
                break;
            }
        }
    }
    Ok(times)
}
