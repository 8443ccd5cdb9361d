//! SQLite against a floor: `cargo bench -p pmcp-tasks --bench sqlite`.
//!
//! A lifecycle is create and complete. The floor is what bare SQLite needs for one: an insert and an update, a commit
//! each, at full sync, with no index but the primary key. Floor and store take turns within one run, as the disk is faster at
//! some times than at others, and what is printed are ratios. Each is the median over the rounds.

#![expect(clippy::print_stdout, reason = "the ratios are what it is run for")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run has no result")]

use std::{
    env,
    io::{BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use pmcp_tasks::{
    store::{
        SqliteBackend, StorageBackend as _,
        backend::{Create, Holder, HolderChange, NewTask, Put, Scope, Stamp, TaskKey, WorkerId, WriteId, Written},
    },
    task::{Owner, TaskId},
    time::Millis,
};
use tokio::{runtime::Runtime, task::JoinSet};

const NOW: Millis = Millis(1_764_028_800_000);
const ROUNDS: usize = 15;
const ROUND: Duration = Duration::from_millis(400);
const CALLERS: u64 = 32;

/// About what the runtime writes for a tool with three arguments.
const HEAD: &[u8] = &[b'h'; 420];
const BODY: &[u8] = &[b'b'; 300];
const RESULT: &[u8] = &[b'r'; 250];

/// Set in the processes that share a file: its path.
const SHARED: &str = "PMCP_BENCH_SHARED_FILE";

fn main() {
    if let Some(path) = env::var_os(SHARED) {
        return share(Path::new(&path));
    }
    let directory = tempfile::tempdir().unwrap();
    let runtime = Runtime::new().unwrap();
    let floor = Floor::open(&directory.path().join("floor.db"));
    let store = Store::open(&runtime, &directory.path().join("tasks.db"));
    let (mut alone, mut together) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let bare = floor.rate();
        let one = store.rate(&runtime, 1);
        let many = store.rate(&runtime, CALLERS);
        // The first one fills caches.
        if round > 0 {
            alone.push(one / bare);
            together.push(many / bare);
        }
    }
    println!("create + complete, as a ratio of bare inserts and updates");
    report("one caller", &mut alone, "0.65");
    report("32 callers", &mut together, "2");

    println!("hint of a change by another backend, after its commit");
    hints(&runtime, &store);

    println!("two processes on one file");
    for (name, callers) in [("one caller each", 1), ("32 callers each", CALLERS)] {
        let mut smaller: Vec<f64> = (0..5).map(|_| smaller_share(callers)).collect();
        report(name, &mut smaller, "0.33 is the smaller share's");
    }
}

/// How long after the answer to a completion somebody who waits elsewhere learns of it.
fn hints(runtime: &Runtime, store: &Store) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tasks.db");
    let store = Store { backend: Store::open(runtime, &path).backend, next: store.next.clone() };
    let elsewhere = Store::open(runtime, &path);
    let mut feed = elsewhere.backend.feed(&WorkerId(2)).unwrap();
    let mut times: Vec<f64> = runtime.block_on(async {
        let mut times = Vec::new();
        for _ in 0..400 {
            let key = store.create(0).await;
            feed.interest.send((key.clone(), true)).unwrap();
            tokio::time::sleep(Duration::from_millis(7)).await;
            while feed.hints.try_recv().is_ok() {}
            store.complete(&key).await;
            let start = Instant::now();
            while feed.hints.recv().await.unwrap() != key {}
            times.push(start.elapsed().as_secs_f64() * 1000.0);
            feed.interest.send((key, false)).unwrap();
        }
        times
    });
    times.sort_by(f64::total_cmp);
    let (median, high) = (times[times.len() / 2], times[times.len() * 99 / 100]);
    println!("  median {median:.1} ms, p99 {high:.1} ms (budget 20 ms)");
}

fn report(name: &str, ratios: &mut [f64], budget: &str) {
    ratios.sort_by(f64::total_cmp);
    let (low, median, high) = (ratios[0], ratios[ratios.len() / 2], ratios[ratios.len() - 1]);
    println!("  {name:<18} {median:5.2}  ({low:.2} to {high:.2}; budget {budget})");
}

/// Bare SQLite.
struct Floor {
    connection: rusqlite::Connection,
    next: AtomicU64,
}

impl Floor {
    fn open(path: &Path) -> Self {
        let connection = rusqlite::Connection::open(path).unwrap();
        connection.pragma_update(None, "journal_mode", "wal").unwrap();
        connection.pragma_update(None, "synchronous", "full").unwrap();
        connection.execute("CREATE TABLE task (id BLOB PRIMARY KEY, head BLOB, body BLOB, result BLOB)", []).unwrap();
        Self { connection, next: AtomicU64::new(0) }
    }

    fn lifecycle(&self) {
        let id = id(self.next.fetch_add(1, Ordering::Relaxed));
        self.connection
            .prepare_cached("INSERT INTO task (id, head, body) VALUES (?1, ?2, ?3)")
            .unwrap()
            .execute((id.as_bytes(), HEAD, BODY))
            .unwrap();
        self.connection
            .prepare_cached("UPDATE task SET head = ?2, result = ?3 WHERE id = ?1")
            .unwrap()
            .execute((id.as_bytes(), HEAD, RESULT))
            .unwrap();
    }

    /// Lifecycles a second.
    fn rate(&self) -> f64 {
        let (start, mut count) = (Instant::now(), 0_u32);
        while start.elapsed() < ROUND {
            self.lifecycle();
            count += 1;
        }
        f64::from(count) / start.elapsed().as_secs_f64()
    }
}

/// The store.
#[derive(Clone)]
struct Store {
    backend: Arc<SqliteBackend>,
    next: Arc<AtomicU64>,
}

impl Store {
    fn open(runtime: &Runtime, path: &Path) -> Self {
        let backend = Arc::new(runtime.block_on(SqliteBackend::open(path)).unwrap());
        // Apart from those of other processes.
        Self { backend, next: Arc::new(AtomicU64::new(u64::from(std::process::id()) << 32)) }
    }

    async fn lifecycle(&self, caller: u64) {
        let key = self.create(caller).await;
        self.complete(&key).await;
    }

    async fn create(&self, caller: u64) -> TaskKey {
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        let owner = Owner { subject: caller.to_string(), ..Owner::local() }.key();
        let key = TaskKey { owner, id: id(n) };
        let new = NewTask {
            key: key.clone(),
            scope: Some(Scope(owner)),
            stamp: Stamp((NOW.0 << 20) + n),
            expires: NOW.after(Duration::from_secs(3600)),
            quota: 100,
            holder: Holder::Worker(WorkerId(1)),
            head: Bytes::from_static(HEAD),
            body: Bytes::from_static(BODY),
            idempotency: None,
            write: WriteId(1),
        };
        assert_eq!(self.backend.create(&new, NOW).await.unwrap(), Create::Created);
        key
    }

    async fn complete(&self, key: &TaskKey) {
        let end = Put {
            version: 1,
            fence: Some(1),
            head: Bytes::from_static(HEAD),
            outcome: Some(Bytes::from_static(RESULT)),
            open: false,
            holder: HolderChange::Release,
            write: WriteId(2),
        };
        let written = self.backend.put(key, &end, NOW).await.unwrap();
        assert_eq!(written, Written::Done { version: 2, fence: 1 });
    }

    /// Lifecycles a second of so many concurrent callers.
    fn rate(&self, runtime: &Runtime, callers: u64) -> f64 {
        let start = Instant::now();
        let count = runtime.block_on(async {
            let mut running = JoinSet::new();
            for caller in 0..callers {
                let store = self.clone();
                running.spawn(async move {
                    let mut count = 0_u32;
                    while start.elapsed() < ROUND {
                        store.lifecycle(caller).await;
                        count += 1;
                    }
                    count
                });
            }
            running.join_all().await.into_iter().sum::<u32>()
        });
        f64::from(count) / start.elapsed().as_secs_f64()
    }
}

/// An id as random as a real one, so that it lands anywhere in its index.
fn id(n: u64) -> TaskId {
    let mixed = (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    TaskId::from_random((u128::from(mixed ^ mixed >> 29) << 64 | u128::from(n)).to_be_bytes())
}

/// The smaller share of two processes that write to one file without pause.
fn smaller_share(callers: u64) -> f64 {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tasks.db");
    let mut children: Vec<_> = (0..2).map(|_| spawn(&path, callers)).collect();
    for (child, output) in &mut children {
        assert_eq!(line(output), "ready");
        child.stdin.as_mut().unwrap().write_all(b"go\n").unwrap();
    }
    let rates: Vec<f64> = children.iter_mut().map(|(_, output)| line(output).parse().unwrap()).collect();
    for (mut child, _) in children {
        child.wait().unwrap();
    }
    rates[0].min(rates[1]) / (rates[0] + rates[1])
}

fn spawn(path: &Path, callers: u64) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut child = Command::new(env::current_exe().unwrap())
        .arg(callers.to_string())
        .env(SHARED, path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    (child, output)
}

fn line(output: &mut impl std::io::BufRead) -> String {
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    line.trim().to_owned()
}

/// One of the processes that share a file.
fn share(path: &Path) {
    let callers = env::args().nth(1).and_then(|callers| callers.parse().ok()).unwrap_or(1);
    let runtime = Runtime::new().unwrap();
    let store = Store::open(&runtime, path);
    println!("ready");
    line(&mut std::io::stdin().lock());
    println!("{}", store.rate(&runtime, callers));
}
