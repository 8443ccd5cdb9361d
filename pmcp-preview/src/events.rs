//! All that happens, told to every page as it happens.

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use pmcp_client::{Side, pmcp_protocol::bounds::shortened};
use pmcp_preview_client::Told;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    connection::{Connection, State},
    queue::{Queue, Read},
};

/// Pages that read at a time.
const READERS: usize = 16;
/// Lines of standard error that are kept.
const KEPT: usize = 20;
/// Bytes of one line of standard error.
const LINE: usize = 4 << 10;
/// Lines of standard error that are told in a second; of more the last are kept, and how many there were is told.
const RATE: u64 = 500;
/// Bytes of what a build tells.
const BUILD: usize = 256 << 10;
/// Bytes of a message that is told whole.
const MESSAGE: usize = 1 << 20;

/// A build, as it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Build {
    /// It has begun.
    Started,
    /// It has made a program.
    Finished {
        /// The time it took.
        took: Duration,
    },
    /// It has made none.
    Failed {
        /// The time it took.
        took: Duration,
        /// Its diagnostics, rendered.
        text: String,
    },
}

/// All that happens. Cheap to clone; every clone tells the same pages.
#[derive(Clone, Debug)]
pub struct Events(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    began: Instant,
    readers: Mutex<Vec<Weak<Queue>>>,
    connection: Mutex<Connection>,
    lines: Mutex<Lines>,
}

/// Standard error, as far as it is kept.
#[derive(Debug)]
struct Lines {
    last: VecDeque<String>,
    /// The beginning of this second, and the lines in it.
    second: Instant,
    in_second: u64,
}

/// Whatever happened, as a line.
#[derive(Serialize)]
struct Line<'a, F> {
    at: u64,
    kind: &'a str,
    #[serde(flatten)]
    fields: F,
}

impl Events {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Inner {
            began: Instant::now(),
            readers: Mutex::default(),
            connection: Mutex::default(),
            lines: Mutex::new(Lines { last: VecDeque::new(), second: Instant::now(), in_second: 0 }),
        }))
    }

    /// Tells of a build.
    pub fn build(&self, build: Build) {
        let fields = match build {
            Build::Started => {
                self.change(|connection| {
                    // A server that still answers is not gone because the next one is being made.
                    if connection.state != State::Ready {
                        connection.state = State::Building;
                    }
                });
                json!({ "state": "started" })
            }
            Build::Finished { took } => json!({ "state": "finished", "ms": milliseconds(took) }),
            Build::Failed { took, text } => {
                json!({ "state": "failed", "ms": milliseconds(took), "text": shortened(&text, BUILD) })
            }
        };
        self.tell("build", fields);
    }

    /// Tells of a line of the server's standard error. What is longer than 4 KiB is cut, and of a flood only a part is told.
    pub fn stderr(&self, line: &str) {
        let line = shortened(line.trim_end(), LINE);
        let (is_told, left_out) = {
            let mut lines = self.0.lines.lock();
            let mut left_out = 0;
            if lines.second.elapsed() >= Duration::from_secs(1) {
                left_out = lines.in_second.saturating_sub(RATE);
                (lines.second, lines.in_second) = (Instant::now(), 0);
            }
            lines.in_second += 1;
            if lines.last.len() == KEPT {
                lines.last.pop_front();
            }
            lines.last.push_back(line.clone());
            (lines.in_second <= RATE, left_out)
        };
        if left_out > 0 {
            self.tell("stderr", json!({ "line": format!("… {left_out} lines are left out") }));
        }
        if is_told {
            self.tell("stderr", json!({ "line": line }));
        }
    }

    /// The last lines of standard error.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lines.lock().last.iter().cloned().collect()
    }

    /// Forgets the lines of a server that is no more.
    pub(crate) fn forget_lines(&self) {
        self.0.lines.lock().last.clear();
    }

    /// The present connection.
    pub(crate) fn connection(&self) -> Connection {
        self.0.connection.lock().clone()
    }

    /// Changes the connection, and tells of it if it is another one then.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Connection)) {
        let mut connection = self.0.connection.lock();
        let before = connection.clone();
        change(&mut connection);
        if *connection != before {
            // Under the lock, so that no page is told of two in the wrong order.
            self.tell("connection", &*connection);
        }
    }

    pub(crate) fn files(&self, paths: &[PathBuf], change: u64) {
        let paths: Vec<_> = paths.iter().map(|path| path.to_string_lossy()).collect();
        self.tell("files", json!({ "paths": paths, "change": change }));
    }

    /// Tells of a message that went over the connection; an answer comes with the time it took.
    pub(crate) fn wire(&self, from: Side, message: &Value, took: Option<Duration>) {
        #[derive(Serialize)]
        struct Wire<'a> {
            from: &'a str,
            message: &'a Value,
            #[serde(skip_serializing_if = "Option::is_none")]
            ms: Option<u64>,
            /// The bytes of a message of which only the head is told.
            #[serde(skip_serializing_if = "Option::is_none")]
            cut: Option<usize>,
        }
        if !self.is_read() {
            return;
        }
        let from = if from == Side::Client { "host" } else { "server" };
        let length = length(message);
        let (head, cut) = if length > MESSAGE { (head(message), Some(length)) } else { (Value::Null, None) };
        let message = if cut.is_some() { &head } else { message };
        self.tell("wire", Wire { from, message, ms: took.map(milliseconds), cut });
    }

    /// Reads from now on, the present connection first; `None` if too many read already.
    pub(crate) fn read<'a>(&self, open: impl IntoIterator<Item = (u64, &'a Value)>) -> Option<Reader> {
        let queue = Arc::new(Queue::default());
        let connection = self.0.connection.lock();
        queue.push(self.line("connection", &*connection));
        for (id, question) in open {
            queue.push(self.line("question", question_fields(id, question)));
        }
        let mut readers = self.0.readers.lock();
        readers.retain(|reader| reader.strong_count() > 0);
        if readers.len() >= READERS {
            return None;
        }
        readers.push(Arc::downgrade(&queue));
        Some(Reader { queue, events: self.clone() })
    }

    /// Tells whether a page reads.
    pub(crate) fn is_read(&self) -> bool {
        self.0.readers.lock().iter().any(|reader| reader.strong_count() > 0)
    }

    fn tell(&self, kind: &str, fields: impl Serialize) {
        let line = self.line(kind, fields);
        for reader in self.0.readers.lock().iter().filter_map(Weak::upgrade) {
            reader.push(line.clone());
        }
    }

    fn line(&self, kind: &str, fields: impl Serialize) -> Arc<str> {
        let line = Line { at: milliseconds(self.0.began.elapsed()), kind, fields };
        // All of it is JSON already.
        let mut text = serde_json::to_string(&line).unwrap_or_default();
        text.push('\n');
        text.into()
    }
}

impl Told for Events {
    fn question(&self, id: u64, question: &Value) {
        self.tell("question", question_fields(id, question));
    }

    fn answered(&self, id: u64) {
        self.tell("answered", json!({ "id": id }));
    }

    fn notification(&self, method: &str, params: &Value) {
        self.tell("notification", json!({ "method": method, "params": params }));
    }
}

/// One page that reads.
#[derive(Debug)]
pub(crate) struct Reader {
    queue: Arc<Queue>,
    events: Events,
}

impl Reader {
    /// The next line, with its end.
    pub(crate) async fn next(&self) -> Arc<str> {
        match self.queue.next().await {
            Read::Line(line) => line,
            Read::Missed(count) => self.events.line("missed", json!({ "count": count })),
        }
    }
}

fn question_fields(id: u64, question: &Value) -> Value {
    let mut fields = question.clone();
    fields["id"] = id.into();
    fields
}

/// The part of a message that tells which one it is.
fn head(message: &Value) -> Value {
    let parts =
        ["jsonrpc", "id", "method"].into_iter().filter_map(|name| Some((name.to_owned(), message.get(name)?.clone())));
    Value::Object(parts.collect())
}

/// The bytes of a message as JSON.
fn length(message: &Value) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // Counting does not fail.
    let _ = serde_json::to_writer(&mut count, message);
    count.0
}

pub(crate) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use pmcp_preview_client::Questions;

    use super::*;

    async fn next(reader: &Reader) -> Value {
        serde_json::from_str(&reader.next().await).unwrap()
    }

    #[tokio::test]
    async fn a_page_is_told_the_present_connection_and_then_what_happens() {
        let events = Events::new();
        let reader = events.read([]).unwrap();
        events.build(Build::Started);
        events.build(Build::Failed { took: Duration::from_millis(3), text: "error: no".into() });
        let first = next(&reader).await;
        assert_eq!((&first["kind"], &first["state"]), (&json!("connection"), &json!("starting")));
        assert_eq!(next(&reader).await["state"], "building");
        assert_eq!(next(&reader).await["state"], "started");
        let failed = next(&reader).await;
        assert_eq!(
            (&failed["kind"], &failed["text"], &failed["ms"]),
            (&json!("build"), &json!("error: no"), &json!(3))
        );
    }

    #[tokio::test]
    async fn a_page_is_told_the_open_questions_first() {
        let events = Events::new();
        let questions = Arc::new(Questions::new(Arc::new(events.clone())));
        let asking = {
            let questions = questions.clone();
            async move { questions.ask("roots/list", Value::Null, Some("t".into())).await }
        };
        let asking = tokio::spawn(asking);
        while questions.with_open(|open| open.count()) == 0 {
            tokio::task::yield_now().await;
        }
        let reader = questions.with_open(|open| events.read(open)).unwrap();
        assert_eq!(next(&reader).await["kind"], "connection");
        let told = next(&reader).await;
        assert_eq!((&told["kind"], &told["id"], &told["taskId"]), (&json!("question"), &json!(1), &json!("t")));
        asking.abort();
    }

    #[tokio::test]
    async fn long_messages_and_lines_are_cut_and_few_lines_are_kept() {
        let events = Events::new();
        let reader = events.read([]).unwrap();
        drop(next(&reader).await);
        events.wire(Side::Server, &json!({ "jsonrpc": "2.0", "id": 7, "result": "x".repeat(MESSAGE) }), None);
        let told = next(&reader).await;
        assert_eq!(told["message"], json!({ "jsonrpc": "2.0", "id": 7 }));
        assert!(told["cut"].as_u64().unwrap() > MESSAGE as u64);
        for number in 0..30 {
            events.stderr(&format!("{number} {}\n", "y".repeat(2 * LINE)));
        }
        assert_eq!(events.lines().len(), KEPT);
        assert!(events.lines().iter().all(|line| line.len() < LINE + 8));
        assert!(events.lines()[0].starts_with("10 "));
    }

    #[tokio::test]
    async fn of_a_flood_the_first_lines_are_told_and_the_last_kept() {
        let events = Events::new();
        let reader = events.read([]).unwrap();
        drop(next(&reader).await);
        for number in 0..2 * RATE {
            events.stderr(&number.to_string());
        }
        assert_eq!(events.lines().last().unwrap(), &(2 * RATE - 1).to_string());
        events.files(&[], 1);
        let mut told = 0;
        while next(&reader).await["kind"] == "stderr" {
            told += 1;
        }
        assert_eq!(told, RATE);
    }

    #[test]
    fn readers_are_bounded_and_gone_with_their_pages() {
        let events = Events::new();
        let readers: Vec<_> = (0..READERS).map(|_| events.read([]).unwrap()).collect();
        assert!(events.read([]).is_none());
        drop(readers);
        assert!(events.read([]).is_some());
    }
}
