//! A client of HTTP/1.1 for the load: one connection that is kept, and no more than what both sides answer. It is the
//! same for every server, and costs as little as it can: load and server share the machine.

use std::{fmt::Write as _, net::SocketAddr};

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

pub(crate) const V2025: &str = "2025-11-25";
pub(crate) const V2026: &str = "2026-07-28";

/// The name of the extension for tasks.
const TASKS: &str = "io.modelcontextprotocol/tasks";

/// A request as bytes, made once and sent often.
pub(crate) fn post(server: SocketAddr, headers: &[(&str, &str)], body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let mut head = format!(
        "POST /mcp HTTP/1.1\r\nHost: {server}\r\nContent-Type: application/json\r\n\
         Accept: application/json, text/event-stream\r\nContent-Length: {}\r\n",
        body.len()
    );
    add(&mut head, headers);
    (head + &body).into_bytes()
}

/// Opens the stream of a 2025-11-25 session.
pub(crate) fn get(server: SocketAddr, headers: &[(&str, &str)]) -> Vec<u8> {
    let mut head = format!("GET /mcp HTTP/1.1\r\nHost: {server}\r\nAccept: text/event-stream\r\n");
    add(&mut head, headers);
    head.into_bytes()
}

fn add(head: &mut String, headers: &[(&str, &str)]) {
    for (name, value) in headers {
        // Writing to a `String` does not fail.
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head.push_str("\r\n");
}

/// A request of 2026-07-28 from a client that knows tasks, if `tasks` says so.
pub(crate) fn modern(server: SocketAddr, method: &str, name: &str, params: Value, tasks: bool) -> Vec<u8> {
    let headers = [("MCP-Protocol-Version", V2026), ("Mcp-Method", method), ("Mcp-Name", name)];
    // `subscriptions/listen` names nothing.
    let headers = if name.is_empty() { &headers[..2] } else { &headers };
    post(server, headers, &message(method, params, tasks))
}

/// A message of 2026-07-28.
pub(crate) fn message(method: &str, mut params: Value, tasks: bool) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": V2026,
        "io.modelcontextprotocol/clientInfo": { "name": "bench", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": if tasks { json!({ "extensions": { TASKS: {} } }) } else { json!({}) },
    });
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })
}

/// The answer to a request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }

    /// The JSON-RPC result, be it in JSON or the last of a stream.
    pub(crate) fn result(&self) -> anyhow::Result<Value> {
        let text = std::str::from_utf8(&self.body)?;
        let mut data = text.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim);
        let message = data.rfind(|data| !data.is_empty()).unwrap_or(text);
        let mut message: Value = serde_json::from_str(message).with_context(|| format!("the answer is {text}"))?;
        ensure!(message["result"].is_object(), "the answer is {message}");
        Ok(message["result"].take())
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let fields = head.lines().filter_map(|line| line.split_once(':'));
    fields.filter(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
}

/// A connection that is kept.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    /// What was read and not yet used.
    read: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(server: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, read: Vec::with_capacity(4096) })
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> anyhow::Result<Answer> {
        let (status, head) = self.begin(request).await?;
        let body = if let Some(length) = header(&head, "content-length") {
            let length = length.parse()?;
            while self.read.len() < length {
                self.more().await?;
            }
            self.read.drain(..length).collect()
        } else if header(&head, "transfer-encoding").is_some() {
            let mut body = Vec::new();
            while let Some(chunk) = self.chunk().await? {
                body.extend(chunk);
            }
            body
        } else {
            Vec::new()
        };
        Ok(Answer { status, head, body })
    }

    /// Sends a request whose answer is a stream that stays open, and reads on until this is in it.
    pub(crate) async fn listen(&mut self, request: &[u8], until: &str) -> anyhow::Result<()> {
        let (status, head) = self.begin(request).await?;
        ensure!(status == 200, "the stream was refused: {head}");
        while !until.is_empty() && !contains(&self.read, until.as_bytes()) {
            self.more().await?;
        }
        self.read = Vec::new();
        Ok(())
    }

    /// Sends a request and reads the head of the answer.
    async fn begin(&mut self, request: &[u8]) -> anyhow::Result<(u16, String)> {
        self.stream.write_all(request).await?;
        let end = self.find(b"\r\n\r\n").await?;
        let head = String::from_utf8(self.read.drain(..end).collect())?;
        let status = head.split_whitespace().nth(1).context("an answer begins with its status")?.parse()?;
        Ok((status, head))
    }

    /// The next chunk of a body in chunks.
    async fn chunk(&mut self) -> anyhow::Result<Option<Vec<u8>>> {
        let end = self.find(b"\r\n").await?;
        let size = usize::from_str_radix(std::str::from_utf8(&self.read[..end - 2])?, 16)?;
        while self.read.len() < end + size + 2 {
            self.more().await?;
        }
        let chunk = self.read[end..end + size].to_vec();
        self.read.drain(..end + size + 2);
        Ok((size > 0).then_some(chunk))
    }

    /// Reads until this has come; where it ends.
    async fn find(&mut self, wanted: &[u8]) -> anyhow::Result<usize> {
        loop {
            if let Some(at) = self.read.windows(wanted.len()).position(|window| window == wanted) {
                return Ok(at + wanted.len());
            }
            self.more().await?;
        }
    }

    async fn more(&mut self) -> anyhow::Result<()> {
        if self.stream.read_buf(&mut self.read).await? == 0 {
            bail!("the server closed the connection");
        }
        Ok(())
    }
}

pub(crate) fn contains(text: &[u8], wanted: &[u8]) -> bool {
    text.windows(wanted.len()).any(|window| window == wanted)
}
