//! Memory of what only waits: sessions of 2025-11-25, and streams on which nothing is said.

use std::{
    net::SocketAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use measure::{Samples, Workers};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use serde_json::json;

use crate::{
    Effort,
    http_server::Process,
    table::{Row, Table, Verdict},
    wire::{Connection, V2025, get, modern, post},
};

const SESSIONS: u32 = 10_000;
const LISTENERS: u32 = 1000;

/// How many come first and are not measured: they pay for what a server has once.
const FIRST: u32 = 50;

/// How long a server is left alone before its memory is read.
const SETTLED: Duration = Duration::from_millis(300);

pub(crate) fn measure(_: &Workers, effort: Effort, table: &mut Table) -> anyhow::Result<()> {
    // Both ends of a thousand connections, and what a process has besides. Children inherit it.
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
    let load = Workers::new(1)?;
    let mut sides: [[Samples; 3]; 2] = Default::default();
    for _ in 0..effort.of(3, 1) {
        for (side, start) in sides.iter_mut().zip([Process::ours, Process::rmcp]) {
            side[0].add_value(sessions(&load, &start()?)?);
            side[1].add_value(streams(&load, &start()?)?);
            side[2].add_value(subscriptions(&load, &start()?)?);
        }
    }
    let names = [
        format!("memory of an idle session, {SESSIONS} open (2025-11-25)"),
        format!("memory of a session's open stream, {LISTENERS} connections (2025-11-25)"),
        format!("memory of a listener, {LISTENERS} connections in subscriptions/listen (2026-07-28)"),
    ];
    let [ours, rmcp] = sides;
    for ((name, ours), rmcp) in names.into_iter().zip(ours).zip(rmcp) {
        let ratio = rmcp.median() / ours.median();
        table.add(Row {
            name,
            ours: bytes(&ours),
            peer: format!("rmcp {}", bytes(&rmcp)),
            ratio: format!("{ratio:.2}x"),
            verdict: Verdict::None,
        });
    }
    Ok(())
}

fn bytes(samples: &Samples) -> String {
    let [median, low, high] = [0.5, 0.0, 1.0].map(|part| samples.quantile(part));
    format!("{median:.0} B ({low:.0} – {high:.0})")
}

/// What one more of something takes, in bytes: a few come first, then the rest is measured. All of them are held until then.
fn each<T, F>(load: &Workers, server: &Process, many: u32, make: impl Fn(SocketAddr, u32) -> F) -> anyhow::Result<f64>
where
    T: Send + 'static,
    F: Future<Output = anyhow::Result<T>> + Send + 'static,
{
    let settled = |making: F| async move {
        let held = making.await?;
        tokio::time::sleep(SETTLED).await;
        Ok(held)
    };
    let first = load.run(settled(make(server.address, FIRST)))?;
    let before = server.resident()?;
    let rest = load.run(settled(make(server.address, many)))?;
    let after = server.resident()?;
    drop((first, rest));
    Ok((after - before) / f64::from(many))
}

/// Sessions whose clients have no connection open.
fn sessions(load: &Workers, server: &Process) -> anyhow::Result<f64> {
    each(load, server, SESSIONS, |address, many| async move {
        let sessions = begin(address, many).await?;
        // None was ended to make room.
        let first = [("Mcp-Session-Id", sessions[0].as_str()), ("MCP-Protocol-Version", V2025)];
        let ping = post(address, &first, &json!({ "jsonrpc": "2.0", "id": 2, "method": "ping" }));
        let answer = Connection::open(address).await?.ask(&ping).await?;
        ensure!(answer.status == 200, "a session is gone: {answer:?}");
        Ok(())
    })
}

/// The streams of sessions, a connection each, without what the sessions take themselves.
fn streams(load: &Workers, server: &Process) -> anyhow::Result<f64> {
    let address = server.address;
    let sessions = load.run(async move { begin(address, FIRST + LISTENERS).await })?;
    let sessions = Mutex::new(sessions);
    each(load, server, LISTENERS, |address, many| {
        let mut sessions = sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let some: Vec<_> = sessions.drain(..many as usize).collect();
        async move {
            let mut open = Vec::new();
            for session in some {
                let headers = [("Mcp-Session-Id", session.as_str()), ("MCP-Protocol-Version", V2025)];
                let mut connection = Connection::open(address).await?;
                connection.listen(&get(address, &headers), "").await?;
                open.push(connection);
            }
            Ok(open)
        }
    })
}

/// Listeners, a connection each: of ours to a task that never ends, of rmcp, which knows no such listeners, to changes of the tools.
fn subscriptions(load: &Workers, server: &Process) -> anyhow::Result<f64> {
    let (address, tasks) = (server.address, server.listens_to_tasks());
    let wanted = load.run(async move {
        if !tasks {
            return Ok(json!({ "toolsListChanged": true }));
        }
        let call = modern(address, "tools/call", "park", json!({ "name": "park", "arguments": {} }), true);
        let created = Connection::open(address).await?.ask(&call).await?.result()?;
        Ok(json!({ "taskIds": [created["taskId"]] }))
    })?;
    each(load, server, LISTENERS, |address, many| {
        let request = modern(address, "subscriptions/listen", "", json!({ "notifications": wanted }), true);
        async move {
            let mut open = Vec::new();
            for _ in 0..many {
                let mut connection = Connection::open(address).await?;
                connection.listen(&request, "notifications/subscriptions/acknowledged").await?;
                open.push(connection);
            }
            Ok(open)
        }
    })
}

/// Begins so many sessions over one connection; their ids.
async fn begin(server: SocketAddr, many: u32) -> anyhow::Result<Vec<String>> {
    let client = json!({ "name": "bench", "version": "1" });
    let params = json!({ "protocolVersion": V2025, "capabilities": {}, "clientInfo": client });
    let initialize = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params });
    let initialize = post(server, &[], &initialize);
    let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    let mut connection = Connection::open(server).await?;
    let mut sessions = Vec::new();
    for _ in 0..many {
        let answer = connection.ask(&initialize).await?;
        let id =
            answer.header("mcp-session-id").with_context(|| format!("no session was begun: {answer:?}"))?.to_owned();
        let headers = [("Mcp-Session-Id", id.as_str()), ("MCP-Protocol-Version", V2025)];
        let answer = connection.ask(&post(server, &headers, &initialized)).await?;
        ensure!(answer.status == 202, "the session was not begun: {answer:?}");
        sessions.push(id);
    }
    Ok(sessions)
}
