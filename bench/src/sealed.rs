//! Sessions of 2025-11-25 whose ids say what was agreed: a request at the instance that holds its session, beside the first at one that makes
//! it anew, over HTTP in one process.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Instant,
};

use anyhow::{Context as _, ensure};
use measure::{Samples, Workers};
use pmcp_server::{Running, Server, SessionKey};
use pmcp_tasks::TaskStore;
use serde_json::json;

use crate::{
    Effort,
    counted::Counted,
    duel::Duel,
    table::{Row, Table, Verdict},
    wire::{Connection, V2025, post},
};

/// A secret that is none.
const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// Sessions of a round.
const SESSIONS: u32 = 200;

pub(crate) fn measure(workers: &Workers, effort: Effort, table: &mut Table) -> anyhow::Result<()> {
    let rounds = effort.of(20, 6);
    let (duel, operations) = workers.run(async move {
        let store = Counted::default();
        let (here, there) = (instance(&store).await?, instance(&store).await?);
        let mut ends = (Connection::open(here.address()).await?, Connection::open(there.address()).await?);
        let (mut duel, mut operations) = (Duel::default(), 0);
        for round in 0..=rounds {
            let mut asked = (Samples::default(), Samples::default());
            // The first round warms up, and looks for sessions that have ended.
            store.operations();
            for _ in 0..SESSIONS {
                let session = begin(&mut ends.0, here.address()).await?;
                asked.0.add(ping(&mut ends.0, here.address(), &session).await?);
                asked.1.add(ping(&mut ends.1, there.address(), &session).await?);
            }
            if round > 0 {
                duel.round(asked.0.median(), asked.1.median());
                operations += store.operations();
            }
        }
        Ok((duel, operations))
    })?;
    table.add(Row {
        name: "first request of a session at another instance (2025-11-25)".into(),
        ours: duel.other().times(),
        peer: format!("where it is held {}", duel.one().times()),
        ratio: duel.ratio().factors(),
        verdict: Verdict::None,
    });
    table.add(Row {
        name: format!("store operations of {} such sessions, from their beginning", SESSIONS * rounds),
        ours: operations.to_string(),
        peer: String::new(),
        ratio: String::new(),
        verdict: Verdict::Budget { text: "0", met: operations == 0 },
    });
    Ok(())
}

async fn instance(store: &Counted) -> anyhow::Result<Running> {
    let server = Server::new("bench", "1").session_keys([KEY.parse::<SessionKey>()?]);
    Ok(server.store(TaskStore::new(store.clone())).start((Ipv4Addr::LOCALHOST, 0).into()).await?)
}

/// Begins a session, and returns its id.
async fn begin(end: &mut Connection, address: SocketAddr) -> anyhow::Result<String> {
    let params =
        json!({ "protocolVersion": V2025, "capabilities": {}, "clientInfo": { "name": "bench", "version": "1" } });
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params });
    let answer = end.ask(&post(address, &[], &body)).await?;
    Ok(answer.header("mcp-session-id").context("the session has no id")?.to_owned())
}

/// Asks in a session, and returns how long that took.
async fn ping(end: &mut Connection, address: SocketAddr, session: &str) -> anyhow::Result<std::time::Duration> {
    let body = json!({ "jsonrpc": "2.0", "id": 2, "method": "ping" });
    let request = post(address, &[("mcp-session-id", session), ("mcp-protocol-version", V2025)], &body);
    let started = Instant::now();
    let answer = end.ask(&request).await?;
    let took = started.elapsed();
    ensure!(answer.status == 200, "the session is not known: {}", answer.status);
    Ok(took)
}
