//! A client on a pair of streams.

use pmcp_server::Server;
use serde_json::Value;
use spec_check::Watch;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf},
    task::JoinHandle,
};

use super::{App, initialize, request, within};

/// Sends lines and reads lines.
pub(crate) struct LineClient {
    reader: Lines<BufReader<ReadHalf<DuplexStream>>>,
    writer: WriteHalf<DuplexStream>,
    serving: JoinHandle<Result<(), pmcp_server::Error>>,
    watch: Watch,
    /// What was sent of a line whose end was not.
    begun: Vec<u8>,
}

impl LineClient {
    /// A client of this server, which has not said anything yet.
    pub(crate) fn new(server: Server<App>) -> Self {
        Self::with_buffer(server, 64 << 10)
    }

    /// The same with so much room for what it has not read.
    pub(crate) fn with_buffer(server: Server<App>, buffer: usize) -> Self {
        let (ours, theirs) = tokio::io::duplex(buffer);
        let (reader, writer) = tokio::io::split(theirs);
        let serving = tokio::spawn(server.serve_io(reader, writer));
        let (reader, writer) = tokio::io::split(ours);
        Self::over(reader, writer, serving)
    }

    fn over(
        reader: ReadHalf<DuplexStream>,
        writer: WriteHalf<DuplexStream>,
        serving: JoinHandle<Result<(), pmcp_server::Error>>,
    ) -> Self {
        Self { reader: BufReader::new(reader).lines(), writer, serving, watch: Watch::new(), begun: Vec::new() }
    }

    /// A client of a server that has several.
    #[cfg(feature = "testing")]
    pub(crate) fn of(server: &pmcp_server::testing::TestServer) -> Self {
        let (reader, writer) = tokio::io::split(server.connect());
        let serving = tokio::spawn(async { Ok(()) });
        Self::over(reader, writer, serving)
    }

    /// A client that has begun a session in this version, with these capabilities.
    pub(crate) async fn begun(server: Server<App>, version: &str, capabilities: Value) -> Self {
        let mut client = Self::new(server);
        let mut begin = initialize(version, capabilities);
        begin["id"] = "begin".into();
        client.send(&begin).await;
        let response = client.receive().await;
        assert_eq!(response["result"]["protocolVersion"], version);
        client
    }

    /// Sends what is a message or not.
    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        self.begun.extend_from_slice(bytes);
        while let Some(end) = self.begun.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.begun.drain(..=end).collect();
            if let Ok(message) = serde_json::from_slice(&line) {
                self.watch.client_sloppily(&message);
            }
        }
        within(self.writer.write_all(bytes)).await.unwrap();
    }

    pub(crate) async fn send(&mut self, message: &Value) {
        self.watch.client(message);
        within(self.writer.write_all(format!("{message}\n").as_bytes())).await.unwrap();
    }

    /// The next message; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        let line = within(self.reader.next_line()).await.unwrap()?;
        let message = serde_json::from_str(&line).unwrap();
        self.watch.server(&message);
        Some(message)
    }

    pub(crate) async fn receive(&mut self) -> Value {
        self.next().await.expect("a message")
    }

    /// The response to a request sent now, when nothing else is under way.
    pub(crate) async fn ask(&mut self, id: impl Into<Value>, method: &str, params: impl Into<Option<Value>>) -> Value {
        let id = id.into();
        self.send(&request(id.clone(), method, params)).await;
        let response = self.receive().await;
        assert_eq!(response["id"], id, "{response}");
        response
    }

    /// Fails unless the next message answers a request sent now: nothing else was sent, and the connection lives.
    pub(crate) async fn assert_silent(&mut self) {
        self.ask("silent?", "ping", None).await;
    }

    /// Ends the input.
    pub(crate) async fn end_input(&mut self) {
        if let Ok(message) = serde_json::from_slice(&self.begun) {
            self.watch.client_sloppily(&message);
        }
        within(self.writer.shutdown()).await.unwrap();
    }

    /// Ends the input; what comes after it, until the server has ended.
    pub(crate) async fn finish(mut self) -> Vec<Value> {
        self.end_input().await;
        let mut last = Vec::new();
        while let Some(message) = self.next().await {
            last.push(message);
        }
        self.finished().await;
        last
    }

    /// Drops both streams and waits until the server has ended.
    pub(crate) async fn vanish(self) {
        let Self { reader, writer, serving, .. } = self;
        drop((reader, writer));
        within(serving).await.unwrap().unwrap();
    }

    /// Waits until the server has ended.
    pub(crate) async fn finished(self) {
        within(self.serving).await.unwrap().unwrap();
    }
}
