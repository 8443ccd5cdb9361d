//! Standard streams that nobody reads, or whose reader has gone: the server serves, keeps its promises and ends.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{ChildStderr, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Http, Running, Stdio2025, initialize, program};

const LEASE: &str = "1000";

/// The longest time a test waits for what has to come: only a failing one does.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server over HTTP on this store, and its standard error, read as far as the line that tells the address.
fn start(directory: &TempDir) -> (Http, BufReader<ChildStderr>) {
    let store = format!("sqlite:{}", directory.path().join("tasks.db").display());
    let arguments = ["--http", "127.0.0.1:0", "--store", &store, "--lease", LEASE];
    let mut server = Running(program(&arguments).spawn().unwrap());
    let mut stderr = BufReader::new(server.0.stderr.take().unwrap());
    let address = loop {
        let mut line = String::new();
        assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "it says where it listens");
        if let Some(url) = line.strip_prefix("listening on http://") {
            break url.trim_end().strip_suffix("/mcp").unwrap().to_owned();
        }
    };
    (Http { server, address, logs: mpsc::channel().1 }, stderr)
}

fn terminate(server: &Running) {
    assert!(Command::new("kill").args(["-TERM", &server.0.id().to_string()]).status().unwrap().success());
}

fn append(path: &Path, n: u32, delay_ms: u32) -> Value {
    json!({ "path": path, "n": n, "delay_ms": delay_ms })
}

/// Has a tool fail so many times so that the log tells it.
fn fail(http: &Http, times: u32) {
    let create = |_| http.create(None, "append_lines", &append(Path::new("/nowhere/at/all"), 1, 0));
    let tasks: Vec<_> = (0..times).map(create).collect();
    for task in tasks {
        let failed = http.ended(None, &task);
        assert_eq!((&failed["status"], &failed["result"]["isError"]), (&json!("completed"), &json!(true)), "{failed}");
    }
}

/// Tasks end as they should while and after calls fail, a task that outlasts many leases stays this server's, and the server
/// ends when it is told to.
fn serves_and_ends(directory: &TempDir, mut http: Http, failing: u32) {
    let long = http.create(None, "append_lines", &append(&directory.path().join("long"), 12, 500));
    for _ in 0..failing / 50 {
        fail(&http, 50);
    }
    let other = Http::start(&["--store", &format!("sqlite:{}", directory.path().join("tasks.db").display())]);
    let ended = http.ended(None, &long);
    assert_eq!(ended["result"]["structuredContent"], json!({ "lines": 12, "attempt": 1 }), "{ended}");
    assert_eq!(other.ended(None, &long), ended);
    terminate(&http.server);
    assert_eq!(http.server.exit_code(), Some(0));
    assert!(!other.logs.try_iter().any(|line| line.contains("a worker died")));
}

#[test]
fn a_server_whose_log_nobody_reads_any_more_serves_and_ends() {
    let directory = tempfile::tempdir().unwrap();
    let (http, stderr) = start(&directory);
    drop(stderr);
    serves_and_ends(&directory, http, 50);
}

#[test]
fn a_server_whose_log_is_never_read_serves_and_ends() {
    let directory = tempfile::tempdir().unwrap();
    let (http, _stderr) = start(&directory);
    // Each leaves more than a hundred bytes in a pipe that holds 64 KiB.
    serves_and_ends(&directory, http, 600);
}

#[test]
fn wrong_usage_exits_2_though_nobody_reads_what_is_wrong() {
    let mut server = Running(program(&["--htpp"]).spawn().unwrap());
    drop(server.0.stderr.take());
    assert_eq!(server.exit_code(), Some(2));
}

/// A client on standard input and output that has asked for more than fits into a pipe, and reads none of it.
fn unread(directory: &TempDir) -> Stdio2025 {
    let mut server = program(&["--stdio", "--grace", "500"]);
    let mut server = Running(server.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let stdout = BufReader::new(server.0.stdout.take().unwrap());
    let mut client = Stdio2025 { server, stdout };
    client.call(1, "initialize", &initialize());
    for id in 2..200 {
        client.send(&json!({ "jsonrpc": "2.0", "id": id, "method": "tools/list" }).to_string());
    }
    let path = directory.path().join("all-begun");
    let last = json!({ "name": "append_lines", "arguments": append(&path, 1, 0) });
    client.send(&json!({ "jsonrpc": "2.0", "id": 200, "method": "tools/call", "params": last }).to_string());
    let begun = Instant::now();
    while !path.exists() {
        assert!(begun.elapsed() < PATIENCE, "it does not begin what it is asked");
        std::thread::sleep(Duration::from_millis(10));
    }
    client
}

#[test]
fn stdio_whose_answers_nobody_reads_ends_with_its_input() {
    let mut client = unread(&tempfile::tempdir().unwrap());
    drop(client.server.0.stdin.take());
    assert_eq!(client.server.exit_code(), Some(0));
}

#[test]
fn stdio_that_reads_no_further_sees_the_end_of_its_input() {
    let mut client = unread(&tempfile::tempdir().unwrap());
    // Refused at once, and not read on before that is written.
    for _ in 0..1000 {
        client.send("{ this is not JSON");
    }
    drop(client.server.0.stdin.take());
    assert_eq!(client.server.exit_code(), Some(0));
}

#[test]
fn stdio_whose_answers_nobody_reads_ends_at_sigterm() {
    let mut client = unread(&tempfile::tempdir().unwrap());
    terminate(&client.server);
    assert_eq!(client.server.exit_code(), Some(0));
}

#[test]
fn stdio_that_is_told_to_end_once_more_after_its_input_has_no_grace() {
    let mut server = program(&["--stdio", "--grace", "3600000"]);
    let mut server = Running(server.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let stdout = BufReader::new(server.0.stdout.take().unwrap());
    let mut client = Stdio2025 { server, stdout };
    client.call(1, "initialize", &initialize());
    client.call(2, "tools/call", &json!({ "name": "slow_compute", "arguments": { "seconds": 3600 }, "task": {} }));
    drop(client.server.0.stdin.take());
    let begun = Instant::now();
    // Whichever it hears of first, the second is one.
    while client.server.0.try_wait().unwrap().is_none() {
        assert!(begun.elapsed() < PATIENCE, "it does not end");
        let _ = Command::new("kill").args(["-TERM", &client.server.0.id().to_string()]).stderr(Stdio::null()).status();
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(client.server.exit_code(), Some(0));
}
