//! The client against servers that do what a test says.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod elsewhere;
mod http;
mod legacy;
mod modern;
#[cfg(unix)]
mod process;

use serde_json::{Value, json};
use spec_check::Watch;
use tokio::io::{
    AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf, duplex, split,
};

use pmcp_client::{Client, ClientBuilder, ElicitAnswer, Elicitation};

/// A server that does what a test says, a message a line.
struct Peer {
    lines: Lines<BufReader<ReadHalf<DuplexStream>>>,
    writer: WriteHalf<DuplexStream>,
    watch: Watch,
}

type ClientHalf = (ReadHalf<DuplexStream>, WriteHalf<DuplexStream>);

fn pair() -> (ClientHalf, Peer) {
    let (client, server) = duplex(64 * 1024);
    let (reader, writer) = split(server);
    (split(client), Peer { lines: BufReader::new(reader).lines(), writer, watch: Watch::new() })
}

impl Peer {
    /// The client's next message.
    async fn message(&mut self) -> Value {
        let line = self.lines.next_line().await.unwrap().expect("the client closed the connection");
        let message = serde_json::from_str(&line).unwrap();
        self.watch.client(&message);
        message
    }

    /// The client's next message, which has this method.
    async fn expect(&mut self, method: &str) -> Value {
        let message = self.message().await;
        assert_eq!(message["method"], method, "{message}");
        message
    }

    /// Answers the next message, which has this method.
    async fn serve(&mut self, method: &str, result: Value) -> Value {
        let request = self.expect(method).await;
        self.answer(&request, result).await;
        request["params"].clone()
    }

    async fn answer(&mut self, request: &Value, result: Value) {
        self.send(json!({ "jsonrpc": "2.0", "id": request["id"], "result": result })).await;
    }

    async fn refuse(&mut self, request: &Value, code: i64) {
        let error = json!({ "code": code, "message": "no" });
        self.send(json!({ "jsonrpc": "2.0", "id": request["id"], "error": error })).await;
    }

    async fn notify(&mut self, method: &str, params: Value) {
        self.send(json!({ "jsonrpc": "2.0", "method": method, "params": params })).await;
    }

    async fn send(&mut self, message: Value) {
        self.writer.write_all(format!("{message}\n").as_bytes()).await.unwrap();
    }

    /// The handshake, up to the notification that ends it; what the client sent in it.
    async fn shake_hands(&mut self, version: &str, capabilities: Value) -> Value {
        let info = json!({ "name": "scripted", "version": "1" });
        let result = json!({ "protocolVersion": version, "capabilities": capabilities, "serverInfo": info });
        let params = self.serve("initialize", result).await;
        self.expect("notifications/initialized").await;
        params
    }
}

fn builder(revision: &str) -> ClientBuilder {
    Client::builder("test", "1.2.3").revision(revision)
}

/// Accepts every form with a name.
async fn luca(_: Elicitation) -> ElicitAnswer {
    ElicitAnswer::Accept(json!({ "name": "Luca" }))
}

fn form() -> Value {
    let schema = json!({ "type": "object", "properties": { "name": { "type": "string" } }, "required": ["name"] });
    json!({ "method": "elicitation/create",
        "params": { "mode": "form", "message": "Who?", "requestedSchema": schema } })
}

fn greeting() -> Value {
    json!({ "resultType": "complete", "content": [{ "type": "text", "text": "Hello, Luca!" }], "isError": false })
}
