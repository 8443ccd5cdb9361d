//! Floods: what one client can do to all others, for as long as its process lives, over a line of a gigabit a second.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use measure::Workers;
use serde_json::json;
use tokio::{io::AsyncWriteExt as _, net::TcpStream, sync::Mutex, task::JoinSet, time::sleep};

use crate::{
    child::{self, Child},
    http_server::{GREEDY, authorized},
    wire::{Connection, modern},
};

/// Size of what is sent: as large as a server takes it, in bytes.
const LARGE: usize = 4 << 20;

/// As much as is on the line at once, where several share it, in bytes.
const PIECE: usize = 256 << 10;

/// The time a line takes for a byte.
const A_BYTE: Duration = Duration::from_nanos(10);

/// A kind of flood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flood {
    Tokens,
    Values,
    Listeners,
    Finished,
    Gone,
    Bodies,
    Places,
    Slow,
}

/// Each with its name on the command line, and in words.
pub(crate) const FLOODS: [(Flood, &str, &str); 8] = [
    (Flood::Tokens, "tokens", "tasks with a progress token of 4 MiB"),
    (Flood::Values, "values", "bodies of 4 MiB with 400,000 objects"),
    (Flood::Listeners, "listeners", "20 listeners that do not read, of tasks with large variables"),
    (Flood::Finished, "finished", "tasks with results of 2 MiB"),
    (Flood::Gone, "gone", "calls with 1 MiB of arguments whose client is gone"),
    (Flood::Bodies, "bodies", "300 bodies that do not end"),
    (Flood::Places, "places", "1,000 calls that never end"),
    (Flood::Slow, "slow", "600 connections that send a byte a second, 100 that send nothing"),
];

impl Flood {
    /// Starts it in a process of its own.
    pub(crate) fn start(self, server: SocketAddr) -> anyhow::Result<Child> {
        let (_, name, _) = FLOODS.iter().find(|(flood, ..)| *flood == self).context("it is in the list")?;
        let mut child = Child::start("flood", Path::new(&server.to_string()), name)?;
        // It has begun.
        child.line()?;
        Ok(child)
    }

    /// Floods until this process is killed. What is refused or closed is sent again.
    async fn run(self, server: SocketAddr) -> anyhow::Result<()> {
        match self {
            Self::Tokens => {
                let mut params = json!({ "name": "echo_task", "arguments": { "text": "" } });
                params["_meta"] = json!({ "progressToken": "x".repeat(LARGE - 2000) });
                again(server, with_meta(server, "echo_task", params), LARGE).await
            }
            Self::Values => {
                let values = vec![r#"{"":0}"#; LARGE / 8].join(",");
                let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"x":[{values}]}}}}"#);
                let head = format!(
                    "POST /mcp HTTP/1.1\r\nHost: {server}\r\nContent-Type: application/json\r\nAccept: application/json, \
                     text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: ping\r\nContent-Length: {}\r\n\r\n",
                    body.len()
                );
                again(server, authorized(&(head + &body).into_bytes(), GREEDY), LARGE).await
            }
            Self::Listeners => listeners(server).await,
            Self::Finished => {
                let params = json!({ "name": "large", "arguments": { "bytes": LARGE / 2 } });
                again(server, call(server, "large", params), LARGE / 2).await
            }
            Self::Gone => {
                let params = json!({ "name": "wait", "arguments": { "text": "x".repeat(1 << 20) } });
                let call = call(server, "wait", params);
                loop {
                    let mut stream = TcpStream::connect(server).await?;
                    let _ = stream.write_all(&call).await;
                    sleep(line_time(call.len())).await;
                }
            }
            Self::Bodies => {
                let whole =
                    call(server, "echo", json!({ "name": "echo", "arguments": { "text": "x".repeat(LARGE - 4000) } }));
                let part = whole[..whole.len() - 1000].to_vec();
                // All of them share the line.
                let line = Arc::new(Mutex::new(()));
                many(300, move || {
                    let (part, line) = (part.clone(), line.clone());
                    async move {
                        let mut stream = TcpStream::connect(server).await?;
                        for piece in part.chunks(PIECE) {
                            let _line = line.lock().await;
                            stream.write_all(piece).await?;
                            sleep(line_time(piece.len())).await;
                        }
                        Ok(stream)
                    }
                })
                .await
            }
            Self::Places => {
                let call = call(server, "wait", json!({ "name": "wait", "arguments": { "text": "" } }));
                many(1000, move || {
                    let call = call.clone();
                    async move {
                        let mut stream = TcpStream::connect(server).await?;
                        stream.write_all(&call).await?;
                        Ok(stream)
                    }
                })
                .await
            }
            Self::Slow => {
                for _ in 0..600 {
                    tokio::spawn(async move {
                        loop {
                            let Ok(mut stream) = TcpStream::connect(server).await else { continue };
                            while stream.write_all(b"X").await.is_ok() {
                                sleep(Duration::from_secs(1)).await;
                            }
                        }
                    });
                }
                many(100, move || async move { Ok(TcpStream::connect(server).await?) }).await
            }
        }
    }
}

/// In a child: floods.
pub(crate) fn flood(server: &Path, name: &str) -> anyhow::Result<()> {
    let server = server.to_str().context("an address")?.parse()?;
    let (flood, ..) = FLOODS.into_iter().find(|(_, known, _)| *known == name).context("a flood")?;
    let workers = Workers::new(1)?;
    workers.run(async move {
        tokio::spawn(async move { flood.run(server).await });
        sleep(Duration::from_millis(300)).await;
        Ok(())
    })?;
    child::tell("begun");
    workers.run(async { std::future::pending::<anyhow::Result<()>>().await })
}

fn call(server: SocketAddr, tool: &str, params: serde_json::Value) -> Vec<u8> {
    authorized(&modern(server, "tools/call", tool, params, true), GREEDY)
}

/// The time so many bytes take on the line.
fn line_time(bytes: usize) -> Duration {
    A_BYTE * u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// Sends a request that takes so many bytes on the line again and again, over connections that are kept as long as the server
/// keeps them.
async fn again(server: SocketAddr, request: Vec<u8>, bytes: usize) -> anyhow::Result<()> {
    loop {
        let Ok(mut connection) = Connection::open(server).await else { continue };
        while connection.ask(&request).await.is_ok() {
            sleep(line_time(bytes)).await;
        }
        sleep(line_time(bytes)).await;
    }
}

/// Keeps so many connections, each opened anew once the server has closed it.
async fn many<F>(count: usize, open: impl Fn() -> F + Send + 'static) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<TcpStream>> + Send + 'static,
{
    let mut held = JoinSet::new();
    loop {
        while held.len() < count {
            let opening = open();
            held.spawn(async move {
                if let Ok(stream) = opening.await {
                    // Until something comes, or the end.
                    let _ = stream.readable().await;
                }
                sleep(Duration::from_millis(10)).await;
            });
        }
        held.join_next().await;
    }
}

/// Listens to tasks whose variables change all the time, and reads nothing.
async fn listeners(server: SocketAddr) -> anyhow::Result<()> {
    let mut connection = Connection::open(server).await?;
    let mut ids = Vec::new();
    for _ in 0..10 {
        let created = connection.ask(&call(server, "restless", json!({ "name": "restless", "arguments": {} }))).await?;
        ids.push(created.result()?["taskId"].clone());
    }
    let params = json!({ "notifications": { "taskIds": ids } });
    let listen = authorized(&modern(server, "subscriptions/listen", "", params, true), GREEDY);
    many(20, move || {
        let listen = listen.clone();
        async move {
            let mut stream = TcpStream::connect(server).await?;
            stream.write_all(&listen).await?;
            // The answer begins, and is not read.
            std::future::pending::<()>().await;
            Ok(stream)
        }
    })
    .await
}

/// A call with `_meta` of its own beside what every request has.
fn with_meta(server: SocketAddr, tool: &str, params: serde_json::Value) -> Vec<u8> {
    let meta = params["_meta"].clone();
    let mut message = crate::wire::message("tools/call", params, true);
    if let (Some(kept), Some(added)) = (message["params"]["_meta"].as_object_mut(), meta.as_object()) {
        kept.extend(added.clone());
    }
    let headers = [("MCP-Protocol-Version", crate::wire::V2026), ("Mcp-Method", "tools/call"), ("Mcp-Name", tool)];
    authorized(&crate::wire::post(server, &headers, &message), GREEDY)
}
