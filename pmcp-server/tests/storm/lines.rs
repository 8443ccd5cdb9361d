//! Storms on a pair of streams.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use pmcp_server::Server;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tokio::{
    io::{
        AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf, duplex, split,
    },
    runtime::Handle,
    task::JoinHandle,
};

use crate::{
    fixture::{self, assert_left, block_on},
    messages::{Met, Sent, answers, sent},
};

type Answers = Vec<Option<Map<String, Value>>>;

/// Some of these in a row are longer than anything works.
const SILENCE: Duration = Duration::from_millis(50);

struct Client {
    lines: Lines<BufReader<ReadHalf<DuplexStream>>>,
    writer: Option<WriteHalf<DuplexStream>>,
    serving: JoinHandle<()>,
    met: Met,
    answers: Answers,
    /// How many answers each id has had.
    answered: HashMap<String, usize>,
    total: usize,
}

impl Client {
    fn new(server: Server, answers: Answers) -> Self {
        let (ours, theirs) = duplex(1 << 20);
        let (reader, writer) = split(theirs);
        let serving = tokio::spawn(async move { server.serve_io(reader, writer).await.unwrap() });
        let (reader, writer) = split(ours);
        Self {
            lines: BufReader::new(reader).lines(),
            writer: Some(writer),
            serving,
            met: Met::default(),
            answers,
            answered: HashMap::new(),
            total: 0,
        }
    }

    async fn send(&mut self, line: &[u8]) {
        let writer = self.writer.as_mut().unwrap();
        writer.write_all(line).await.unwrap();
        writer.write_all(b"\n").await.unwrap();
    }

    /// Reads the next line; `None` at the end.
    async fn receive(&mut self) -> Option<Value> {
        let line = self.lines.next_line().await.unwrap()?;
        let message: Value = serde_json::from_str(&line).expect("the server writes JSON, a message a line");
        assert_eq!(message["jsonrpc"], "2.0", "{message}");
        self.met.learn(&message);
        match (message["method"].is_string(), message.get("id")) {
            (true, Some(id)) => {
                if let (Some(Some(mut answer)), Some(_)) = (self.answers.pop(), &self.writer) {
                    answer.extend([("jsonrpc".into(), "2.0".into()), ("id".into(), id.clone())]);
                    self.send(Value::from(answer).to_string().as_bytes()).await;
                }
            }
            (true, None) => {}
            (false, id) => {
                self.total += 1;
                if let Some(id) = id {
                    *self.answered.entry(id.to_string()).or_default() += 1;
                }
            }
        }
        Some(message)
    }

    /// Reads until this request is answered.
    async fn ask(&mut self, id: &str, method: &str) -> Value {
        self.send(json!({ "jsonrpc": "2.0", "id": id, "method": method }).to_string().as_bytes()).await;
        loop {
            let message = self.receive().await.expect("the connection lives on");
            if message["id"] == id && message.get("method").is_none() {
                return message;
            }
        }
    }
}

/// A request that has to be answered once: nothing like it is under way, and nobody cancels it.
fn requested(line: &[u8]) -> Option<(String, String)> {
    let message: Value = serde_json::from_slice(line).ok()?;
    let id = message.get("id").filter(|id| id.is_string() || id.is_u64() || id.is_i64())?;
    let well_formed = message["jsonrpc"] == "2.0" && message["params"].is_object();
    well_formed.then(|| Some((id.to_string(), message["method"].as_str()?.to_owned())))?
}

async fn storm(sent: Vec<Sent>, answers: Answers) {
    let (server, clock) = fixture::server();
    let before = Handle::current().metrics().num_alive_tasks();
    let mut client = Client::new(server, answers);
    client.send(br#"{"jsonrpc":"2.0","id":"begin","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{"elicitation":{}}}}"#).await;
    let (mut asked, mut cancelled, mut lines) = (HashMap::<String, usize>::new(), HashSet::new(), 1);
    for (number, sent) in sent.into_iter().enumerate() {
        let bytes = match sent {
            Sent::Message(_, message) => client.met.filled_in(&message.to_string()).into_bytes(),
            Sent::Bytes(bytes) => bytes,
        };
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| line.len() <= 64 << 10) {
            if let Some((id, method)) = requested(line) {
                // Whose task waits for ever is cut short at the end.
                if method == "tasks/result" {
                    cancelled.insert(id.clone());
                }
                *asked.entry(id).or_default() += 1;
            }
            if let Ok(message) = serde_json::from_slice::<Value>(line)
                && message["method"] == "notifications/cancelled"
            {
                cancelled.insert(message["params"]["requestId"].to_string());
            }
        }
        lines += bytes.split(|byte| *byte == b'\n').count();
        client.send(&bytes).await;
        // Now and then the storm looks back, so that tasks and questions of its own are known to it.
        if number % 5 == 0 {
            let answer = client.ask(&format!("look back {number}"), "ping").await;
            assert_eq!(answer["result"], json!({}), "{answer}");
            lines += 1;
        }
    }
    client.ask("the last", "tools/list").await;
    lines += 1;
    // The end of input: what asks the client or listens ends, the rest is worked off.
    client.writer.as_mut().unwrap().shutdown().await.unwrap();
    client.writer = None;
    loop {
        match tokio::time::timeout(SILENCE, client.receive()).await {
            Ok(Some(_)) => {}
            Ok(None) => break,
            // Who waits for the result of a task that nobody answers any more has its grace.
            Err(_) => clock.advance(Duration::from_secs(3)).await,
        }
    }
    // What still runs, unseen by the connection, has its grace.
    while tokio::time::timeout(Duration::from_millis(2), &mut client.serving).await.is_err() {
        clock.advance(Duration::from_secs(5)).await;
    }
    assert!(client.total <= lines, "{} answers to {lines} lines", client.total);
    for (id, times) in asked.iter().filter(|(id, _)| !cancelled.contains(*id)) {
        let answers = client.answered.get(id).copied().unwrap_or_default();
        assert!(answers >= *times, "{id} was asked {times} times and answered {answers} times");
    }
    assert_left(&clock, before).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, max_shrink_iters: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_request_in_a_storm_of_lines_is_answered(
        sent in prop::collection::vec(sent(), 1..80),
        answers in prop::collection::vec(answers(), 0..20),
    ) {
        block_on(storm(sent, answers));
    }
}
