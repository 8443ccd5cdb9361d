//! Storms on a pair of streams.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use pmcp_server::Server;
use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::{Value, json};
use spec_check::Watch;
use tokio::{
    io::{
        AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf, duplex, split,
    },
    runtime::Handle,
    task::JoinHandle,
};

use crate::{
    fixture::{self, assert_left, block_on},
    messages::{Answers, Met, Sent, answer, sent},
};

/// Some of these in a row are longer than anything works.
const SILENCE: Duration = Duration::from_millis(50);

struct Client {
    reader: Lines<BufReader<ReadHalf<DuplexStream>>>,
    writer: Option<WriteHalf<DuplexStream>>,
    serving: JoinHandle<()>,
    watch: Watch,
    met: Met,
    answers: Answers,
    /// The last request with each id.
    requests: HashMap<String, Value>,
    /// How often each id was asked, how often answered, and which ones need not be.
    asked: HashMap<String, usize>,
    answered: HashMap<String, usize>,
    cancelled: HashSet<String>,
    /// How many lines were sent, and how many were answers.
    lines: usize,
    total: usize,
}

impl Client {
    fn new(server: Server<fixture::Answers>, answers: Answers) -> Self {
        let (ours, theirs) = duplex(1 << 20);
        let (reader, writer) = split(theirs);
        let serving = tokio::spawn(async move { server.serve_io(reader, writer).await.unwrap() });
        let (reader, writer) = split(ours);
        Self {
            reader: BufReader::new(reader).lines(),
            writer: Some(writer),
            serving,
            watch: Watch::new(),
            met: Met::default(),
            answers,
            requests: HashMap::new(),
            asked: HashMap::new(),
            answered: HashMap::new(),
            cancelled: HashSet::new(),
            lines: 0,
            total: 0,
        }
    }

    /// Sends lines, and remembers what has to be answered.
    async fn send(&mut self, bytes: &[u8]) {
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| line.len() <= 64 << 10) {
            if let Ok(message) = serde_json::from_slice(line) {
                self.watch.client_sloppily(&message);
            }
            if let Some((id, request)) = requested(line) {
                // Whose task waits for ever is cut short at the end.
                if request["method"] == "tasks/result" {
                    self.cancelled.insert(id.clone());
                }
                *self.asked.entry(id.clone()).or_default() += 1;
                self.requests.insert(id, request);
            }
            if let Ok(message) = serde_json::from_slice::<Value>(line)
                && message["method"] == "notifications/cancelled"
            {
                self.cancelled.insert(message["params"]["requestId"].to_string());
            }
        }
        self.lines += bytes.split(|byte| *byte == b'\n').count();
        let writer = self.writer.as_mut().unwrap();
        writer.write_all(bytes).await.unwrap();
        writer.write_all(b"\n").await.unwrap();
    }

    /// Reads the next line; `None` at the end.
    async fn receive(&mut self) -> Option<Value> {
        let line = self.reader.next_line().await.unwrap()?;
        let message: Value = serde_json::from_str(&line).expect("the server writes JSON, a message a line");
        self.watch.server(&message);
        let id = message.get("id").map(Value::to_string);
        if message["method"].is_null() {
            self.total += 1;
            *self.answered.entry(id.clone().unwrap_or_default()).or_default() += 1;
        }
        let request = id.and_then(|id| self.requests.get(&id));
        if let (Some(reaction), Some(_)) = (self.met.learn(request, &message), &self.writer)
            && let Some(reaction) = self.met.react(reaction, &mut self.answers)
        {
            self.send(reaction.to_string().as_bytes()).await;
            // Nobody answers an answer; what is none, as its error is no error, may be.
            self.lines -= usize::from(reaction["method"].is_null() && is_answer(&reaction));
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

fn is_answer(message: &Value) -> bool {
    let error = &message["error"];
    error.is_null() || (error["code"].is_i64() && error["message"].is_string())
}

/// A request that has to be answered once, with its id: nothing like it is under way, and nobody cancels it.
fn requested(line: &[u8]) -> Option<(String, Value)> {
    let message: Value = serde_json::from_slice(line).ok()?;
    let id = message.get("id").filter(|id| id.is_string() || id.is_u64() || id.is_i64())?;
    // A longer one is refused without it.
    if id.as_str().is_some_and(|id| id.len() > 256) {
        return None;
    }
    let id = id.to_string();
    let well_formed = message["jsonrpc"] == "2.0" && message["params"].is_object() && message["method"].is_string();
    well_formed.then_some((id, message))
}

pub(crate) async fn storm(sent: Vec<Sent>, answers: Answers, received: &fixture::Answers) {
    let (server, clock) = fixture::server(received);
    let before = Handle::current().metrics().num_alive_tasks();
    let mut client = Client::new(server, answers);
    client.send(br#"{"jsonrpc":"2.0","id":"begin","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{"elicitation":{}}}}"#).await;
    for (number, sent) in sent.into_iter().enumerate() {
        let bytes = match sent {
            Sent::Message(_, message) => client.met.filled_in(&message.to_string()).into_bytes(),
            Sent::Bytes(bytes) => bytes,
        };
        client.send(&bytes).await;
        // Now and then the storm looks back, so that tasks and questions of its own are known to it.
        if number % 5 == 0 {
            let answer = client.ask(&format!("look back {number}"), "ping").await;
            assert_eq!(answer["result"], json!({}), "{answer}");
        }
    }
    client.ask("the last", "tools/list").await;
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
    assert!(client.total <= client.lines, "{} answers to {} lines", client.total, client.lines);
    for (id, times) in client.asked.iter().filter(|(id, _)| !client.cancelled.contains(*id)) {
        let answers = client.answered.get(id).copied().unwrap_or_default();
        assert!(answers >= *times, "{id} was asked {times} times and answered {answers} times");
    }
    assert_left(&clock, before).await;
}

#[test]
fn every_request_in_a_storm_of_lines_is_answered() {
    let received = fixture::Answers::default();
    let config =
        ProptestConfig { cases: 32, max_shrink_iters: 500, failure_persistence: None, ..ProptestConfig::default() };
    let storms = (prop::collection::vec(sent(), 1..80), prop::collection::vec(answer(), 0..40));
    let outcome = TestRunner::new(config).run(&storms, |(sent, answers)| {
        block_on(storm(sent, answers, &received));
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    received.assert_enough();
}
