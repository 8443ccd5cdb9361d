//! A client that speaks the protocol by hand, a message a line: what is measured with it does not depend on a client's
//! library, and it does no more than what every host does.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use measure::BUFFER;
use pmcp_server::Server;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf},
    task::JoinHandle,
};

use crate::wire::{V2025, message};

/// What a client of each revision does differently.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Revision {
    V2025,
    V2026,
}

/// A client and the server it is connected to, in process.
#[derive(Debug)]
pub(crate) struct Talk {
    revision: Revision,
    reader: Lines<BufReader<ReadHalf<DuplexStream>>>,
    writer: WriteHalf<DuplexStream>,
    serving: JoinHandle<()>,
}

impl Drop for Talk {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Talk {
    pub(crate) async fn connect(server: Server<()>, revision: Revision) -> anyhow::Result<Self> {
        let (near, far) = tokio::io::duplex(BUFFER);
        let (reader, writer) = tokio::io::split(far);
        let serving = tokio::spawn(async move {
            if let Err(error) = server.serve_io(reader, writer).await {
                eprintln!("our server: {error}");
            }
        });
        let (reader, writer) = tokio::io::split(near);
        let reader = BufReader::new(reader).lines();
        let mut talk = Self { revision, reader, writer, serving };
        if revision == Revision::V2025 {
            let client = json!({ "name": "bench", "version": "1" });
            let params = json!({ "protocolVersion": V2025, "capabilities": {}, "clientInfo": client });
            talk.ask("initialize", params).await?;
            talk.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await?;
        }
        Ok(talk)
    }

    async fn send(&mut self, message: &Value) -> anyhow::Result<()> {
        Ok(self.writer.write_all(format!("{message}\n").as_bytes()).await?)
    }

    /// Sends a request and waits for its result.
    pub(crate) async fn ask(&mut self, method: &str, params: Value) -> anyhow::Result<Value> {
        let request = match self.revision {
            Revision::V2025 => json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }),
            Revision::V2026 => message(method, params, true),
        };
        self.send(&request).await?;
        loop {
            let line = self.reader.next_line().await?.context("the server ended")?;
            let mut answer: Value = serde_json::from_str(&line)?;
            // Notifications come in between.
            if answer["id"] == 1 {
                ensure!(answer["result"].is_object(), "{method} was answered with {answer}");
                return Ok(answer["result"].take());
            }
        }
    }

    /// Calls a tool as a host does that knows tasks: a 2025-11-25 client asks for one if `task` says so. If there is one, its
    /// end is asked for as often as the latest answer suggests. The last answer, and how often that was.
    pub(crate) async fn follow(&mut self, tool: &str, arguments: Value, task: bool) -> anyhow::Result<(Value, u32)> {
        let mut params = json!({ "name": tool, "arguments": arguments });
        if task && self.revision == Revision::V2025 {
            params["task"] = json!({});
        }
        let mut answer = self.ask("tools/call", params).await?;
        let nested = answer.get_mut("task").map(Value::take);
        let mut state = nested.unwrap_or(answer);
        let Some(id) = state["taskId"].as_str().map(str::to_owned) else { return Ok((state, 0)) };
        let hint = match self.revision {
            Revision::V2025 => "pollInterval",
            Revision::V2026 => "pollIntervalMs",
        };
        let (mut pause, mut asked) = (None, 0);
        while state["status"] == "working" {
            pause = state[hint].as_u64().or(pause);
            let pause = pause.context("a task suggests how often to ask")?;
            tokio::time::sleep(Duration::from_millis(pause)).await;
            state = self.ask("tasks/get", json!({ "taskId": id })).await?;
            asked += 1;
        }
        ensure!(state["status"] == "completed", "the task ended as {state}");
        Ok((state, asked))
    }
}
