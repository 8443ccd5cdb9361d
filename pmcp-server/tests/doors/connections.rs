//! Connections of strangers: how long they may take, how many there are, and that calls and streams take as long as they like.

use std::time::Duration;

use pmcp_server::{Running, ServeLimits, Server};
use pmcp_tasks::{TaskStore, testing::ManualClock};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tracing::Level;

use crate::support::{App, Http, Legacy, Log, Probe, call, listening, server_with, text, within};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// A server on a clock that stands.
fn server() -> (Server<App>, ManualClock, Probe) {
    let clock = ManualClock::new();
    let (server, probe) = server_with(TaskStore::memory().with_clock(clock.clone()));
    (server, clock, probe)
}

/// One with room for three connections.
async fn small() -> (Running, Http, ManualClock, Probe) {
    let (server, clock, probe) = server();
    let limits = ServeLimits { connections: 3, ..ServeLimits::default() };
    let (running, http) = listening(server.serve_limits(limits)).await;
    (running, http, clock, probe)
}

/// A connection on which a test sends what it wants.
struct Raw(TcpStream);

impl Raw {
    async fn open(http: &Http) -> Self {
        Self(within(TcpStream::connect(http.address)).await.unwrap())
    }

    async fn send(&mut self, text: &str) {
        within(self.0.write_all(text.as_bytes())).await.unwrap();
    }

    /// The status of the next response, whose body is read.
    async fn status(&mut self) -> u16 {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(within(self.0.read_u8()).await.unwrap());
        }
        let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        within(self.0.read_exact(&mut body)).await.unwrap();
        head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// Asks for a stream of no session, which is refused.
    async fn answers(&mut self) -> bool {
        self.send("GET /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n").await;
        self.status().await == 400
    }

    /// Waits until the server has closed it, without a word.
    async fn is_closed(&mut self) -> bool {
        // With what it has not read the end is a reset.
        within(self.0.read(&mut [0])).await.map_or(true, |n| n == 0)
    }
}

#[tokio::test]
async fn a_client_that_asks_without_pause_gives_way_after_what_it_asked() {
    let (_running, http, ..) = small().await;
    for _ in 0..3 {
        let (mut reader, mut writer) = Raw::open(&http).await.0.into_split();
        tokio::spawn(async move {
            while writer.write_all(b"GET /mcp HTTP/1.1\r\nHost: localhost\r\n\r\n").await.is_ok() {}
        });
        tokio::spawn(async move { tokio::io::copy(&mut reader, &mut tokio::io::sink()).await });
    }
    for _ in 0..3 {
        assert!(Raw::open(&http).await.answers().await);
    }
}

#[tokio::test]
async fn a_head_that_does_not_come_in_time_closes_its_connection() {
    let (server, clock, _) = server();
    let (_running, http) = listening(server).await;
    let (mut silent, mut slow, mut next) = (Raw::open(&http).await, Raw::open(&http).await, Raw::open(&http).await);
    slow.send("GET /mcp HTTP/1.1\r\nHos").await;
    assert!(next.answers().await);
    next.send("GET /mcp HTTP/1.1\r\nHos").await;
    clock.advance(20 * SECOND).await;
    slow.send("t: localhost\r\nAccept: text/ev").await;
    clock.advance(20 * SECOND).await;
    assert!(silent.is_closed().await && slow.is_closed().await && next.is_closed().await);
    assert!(Raw::open(&http).await.answers().await);
}

#[tokio::test]
async fn a_head_that_comes_in_time_is_answered_however_slowly() {
    let (server, clock, _) = server();
    let (_running, http) = listening(server).await;
    let mut slow = Raw::open(&http).await;
    for part in ["GET /mcp HTTP/1.1\r\n", "Host: localhost\r\n", "Accept: text/event-stream\r\n"] {
        slow.send(part).await;
        clock.advance(9 * SECOND).await;
    }
    slow.send("\r\n").await;
    assert_eq!(slow.status().await, 400);
}

#[tokio::test]
async fn an_idle_connection_is_kept_for_a_while() {
    let (server, clock, _) = server();
    let (_running, http) = listening(server).await;
    let mut idle = Raw::open(&http).await;
    assert!(idle.answers().await);
    clock.advance(MINUTE + 50 * SECOND).await;
    assert!(idle.answers().await);
    clock.advance(2 * MINUTE + 2 * SECOND).await;
    assert!(idle.is_closed().await);
}

/// A POST whose body does not come.
const UNFINISHED: &str = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
    Content-Length: 100\r\n\r\n{\"jsonrpc\":";

#[tokio::test]
async fn a_body_that_does_not_come_in_time_is_answered_408() {
    let (server, clock, _) = server();
    let (_running, http) = listening(server).await;
    let mut slow = Raw::open(&http).await;
    slow.send(UNFINISHED).await;
    clock.advance(20 * SECOND).await;
    slow.send("\"2.0\",").await;
    clock.advance(11 * SECOND).await;
    assert_eq!(slow.status().await, 408);
    assert!(slow.is_closed().await);
}

#[tokio::test]
async fn a_body_that_does_not_come_in_time_is_answered_408_when_embedded() {
    let (server, clock, _) = server();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let http = Http::new(listener.local_addr().unwrap());
    let (mcp, _embedded) = server.into_router().unwrap();
    tokio::spawn(async move { axum::serve(listener, mcp).await });
    let mut slow = Raw::open(&http).await;
    slow.send(UNFINISHED).await;
    clock.advance(31 * SECOND).await;
    assert_eq!(slow.status().await, 408);
}

#[tokio::test]
async fn calls_and_streams_take_as_long_as_they_like() {
    let (server, clock, probe) = server();
    let (_running, http) = listening(server).await;
    let legacy = Legacy::begin(&http).await;
    let mut stream = legacy.listen().await;
    let calling = legacy.clone();
    let blocked = tokio::spawn(async move { calling.ask(1, "tools/call", call("block", json!({}))).await });
    probe.noted("block started", 1).await;
    // Less than a tool may take, much more than any connection may wait.
    clock.advance(9 * MINUTE).await;
    probe.open(1);
    assert_eq!(text(&within(blocked).await.unwrap()), "released");
    clock.advance(9 * MINUTE).await;
    let id = legacy.task(2, "ask").await;
    let asked = stream.receive().await;
    assert_eq!(asked["params"]["taskId"], id, "{asked}");
}

#[tokio::test]
async fn at_the_limit_the_connection_that_waited_longest_gives_way() {
    let log = Log::begin();
    let (_running, http, clock, _) = small().await;
    let (mut oldest, mut silent, mut newest) = (Raw::open(&http).await, Raw::open(&http).await, Raw::open(&http).await);
    clock.advance(SECOND).await;
    assert!(oldest.answers().await);
    clock.advance(SECOND).await;
    assert!(newest.answers().await);
    let mut fourth = Raw::open(&http).await;
    assert!(fourth.answers().await);
    // It has been silent since before the others were answered.
    assert!(silent.is_closed().await);
    let mut fifth = Raw::open(&http).await;
    assert!(fifth.answers().await && oldest.is_closed().await);
    assert!(newest.answers().await && fourth.answers().await && fifth.answers().await);
    let warned = log.only("as many connections are open as may be: the idle ones give way");
    assert_eq!((warned.level, warned.field("most")), (Level::WARN, "3"));
}

#[tokio::test]
async fn at_the_limit_a_body_that_does_not_come_gives_way() {
    let (_running, http, clock, probe) = small().await;
    let session = Legacy::begin(&http).await;
    let blocked = tokio::spawn(async move { session.ask(1, "tools/call", call("block", json!({}))).await });
    probe.noted("block started", 1).await;
    clock.advance(SECOND).await;
    let (mut first, mut second) = (Raw::open(&http).await, Raw::open(&http).await);
    first.send(UNFINISHED).await;
    clock.advance(SECOND).await;
    second.send(UNFINISHED).await;
    clock.advance(SECOND).await;
    assert!(Raw::open(&http).await.answers().await && first.is_closed().await);
    // The next takes the place of the one that has ended.
    second.send(&" ".repeat(100)).await;
    assert_eq!(second.status().await, 400);
    probe.open(1);
    assert_eq!(text(&within(blocked).await.unwrap()), "released");
}

#[tokio::test]
async fn where_all_connections_are_busy_the_next_waits() {
    let (_running, http, _, probe) = small().await;
    let session = Legacy::begin(&http).await;
    let blocked: Vec<_> = (1..=3)
        .map(|id| {
            let session = session.clone();
            tokio::spawn(async move { session.ask(id, "tools/call", call("block", json!({}))).await })
        })
        .collect();
    probe.noted("block started", 3).await;
    let mut next = Raw::open(&http).await;
    let answered = tokio::spawn(async move { next.answers().await });
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    assert!(!answered.is_finished());
    probe.open(1);
    assert!(within(answered).await.unwrap());
    probe.open(2);
    for blocked in blocked {
        assert_eq!(text(&within(blocked).await.unwrap()), "released");
    }
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let (server, _, _) = server();
    let (_running, http) = listening(server).await;
    let mut large = Raw::open(&http).await;
    let padding = "x".repeat(65 << 10);
    large.send(&format!("GET /mcp HTTP/1.1\r\nHost: localhost\r\nX-Padding: {padding}\r\n\r\n")).await;
    assert_eq!(large.status().await, 431);
}
