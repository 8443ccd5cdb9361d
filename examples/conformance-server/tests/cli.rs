//! The program as its users meet it: arguments, standard streams, signals, tokens, limits.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod offered;
#[cfg(unix)]
mod strangers;
#[cfg(unix)]
mod unread;

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use serde_json::{Value, json};

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_conformance-server"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A child that does not outlive its test.
struct Running(Child);

impl Running {
    /// How it ended; a child that does not end is a failure, not a hang.
    fn exit_code(&mut self) -> Option<i32> {
        for _ in 0..200 {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the server does not end");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn wrong_usage_exits_2_and_says_what_is_wrong() {
    for (arguments, said) in [
        (&["--htpp"][..], "'--htpp'"),
        (&["extra"], "\"extra\""),
        (&["--http"], "missing argument"),
        (&["--http", "8080"], "`8080` is not an address with a port"),
        (&["--http", "localhost:0"], "`localhost:0` is not an address with a port"),
        (&["--stdio", "--http", "127.0.0.1:0"], "choose one of `--stdio` and `--http`"),
        (&["--http", "127.0.0.1:0", "--token", "ann"], "write NAME=SECRET"),
        (&["--http", "127.0.0.1:0", "--token", "=secret"], "write NAME=SECRET"),
        (&["--http", "127.0.0.1:0", "--token", "ann="], "write NAME=SECRET"),
        (&["--stdio", "--token", "ann=secret"], "`--token` needs `--http`"),
        (&["--max-tasks", "many"], "--max-tasks: `many`"),
        (&["--lease", "0"], "--lease: `0`"),
        (&["--store", "nowhere:"], "unknown store `nowhere:`"),
        (&["--store", "sqlite:/dev/full"], "`/dev/full` is a device; name a file"),
        (&["--store", "sqlite:/"], "`/` names no file"),
        (&["--store", "sqlite:/no/such/tasks.db"], "the directory `/no/such` does not exist; create it"),
    ] {
        let output = program(arguments).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        assert!(stderr.starts_with("error: ") && stderr.contains(said), "{arguments:?}: {stderr}");
        assert!(stderr.contains("Usage: conformance-server"), "{arguments:?}: {stderr}");
        assert!(output.stdout.is_empty() && !stderr.contains("secret\n"), "{arguments:?}: {stderr}");
    }
}

#[test]
fn keys_of_sessions_that_are_none_exit_2_and_are_not_shown() {
    for (keys, said) in [
        ("c2hvcnQ=", "SESSION_KEYS: a session key has 32 bytes"),
        ("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=, no key!", "SESSION_KEYS: a session key is written as Base64"),
    ] {
        let output = program(&[]).env("SESSION_KEYS", keys).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.starts_with("error: ") && stderr.contains(said), "{stderr}");
        assert!(!stderr.contains("no key!") && !stderr.contains("c2hv") && !stderr.contains("MDEy"), "{stderr}");
    }
}

#[test]
fn help_exits_0() {
    for help in ["--help", "-h"] {
        let output = program(&[help]).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert!(String::from_utf8(output.stdout).unwrap().starts_with("Usage: conformance-server"));
    }
}

#[test]
fn an_address_in_use_exits_1() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let output = program(&["--http", &taken.local_addr().unwrap().to_string()]).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("cannot listen on") && stderr.contains("in use"), "{stderr}");
}

/// A client on standard input and output.
struct Stdio2025 {
    server: Running,
    stdout: BufReader<ChildStdout>,
}

impl Stdio2025 {
    fn start() -> Self {
        let mut server = Running(program(&["--stdio"]).stdin(Stdio::piped()).spawn().unwrap());
        let stdout = BufReader::new(server.0.stdout.take().unwrap());
        Self { server, stdout }
    }

    fn send(&mut self, line: &str) {
        writeln!(self.server.0.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    fn read(&mut self) -> Value {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("not a message: {line:?}"))
    }

    fn call(&mut self, id: u32, method: &str, params: &Value) -> Value {
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string());
        let answer = self.read();
        assert_eq!(answer["id"], id, "{answer}");
        answer
    }
}

fn initialize() -> Value {
    json!({
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": { "name": "cli-test", "version": "0" },
    })
}

#[test]
fn stdio_serves_survives_a_malformed_line_and_ends_with_its_input() {
    let mut client = Stdio2025::start();
    let initialized = client.call(1, "initialize", &initialize());
    assert_eq!(initialized["result"]["protocolVersion"], "2025-11-25");
    assert_eq!(initialized["result"]["serverInfo"]["name"], "conformance-server");
    client.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    assert_eq!(client.call(2, "ping", &json!({}))["result"], json!({}));
    let tools = client.call(3, "tools/list", &json!({}));
    let tools = tools["result"]["tools"].as_array().unwrap();
    assert_eq!(tools[0]["name"], "test_simple_text");
    assert!(tools.iter().all(|tool| tool["description"].as_str().is_some_and(|text| !text.is_empty())));

    client.send("{ this is not JSON");
    let refused = client.read();
    assert_eq!((&refused["error"]["code"], refused.get("id")), (&json!(-32700), None));
    let greeting = client.call(4, "tools/call", &json!({ "name": "greet", "arguments": { "name": "Ann" } }));
    assert_eq!(greeting["result"]["content"][0]["text"], "Hello, Ann!");

    drop(client.server.0.stdin.take());
    assert_eq!(client.server.exit_code(), Some(0));
    let mut rest = String::new();
    client.stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
    let mut logs = String::new();
    client.server.0.stderr.take().unwrap().read_to_string(&mut logs).unwrap();
    assert!(!logs.lines().any(|line| line.starts_with("listening")), "{logs}");
}

#[test]
fn stdio_answers_what_was_asked_before_its_input_ended() {
    let mut client = Stdio2025::start();
    client.call(1, "initialize", &initialize());
    client.send(
        r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"slow_compute","arguments":{"seconds":0.3}}}"#,
    );
    drop(client.server.0.stdin.take());
    assert_eq!(client.read()["id"], 2);
    assert_eq!(client.server.exit_code(), Some(0));
}

/// A server over HTTP, which speaks 2026-07-28 here.
struct Http {
    server: Running,
    address: String,
    logs: mpsc::Receiver<String>,
}

impl Http {
    fn start(arguments: &[&str]) -> Self {
        Self::of(&mut program(&[]), arguments)
    }

    fn of(command: &mut Command, arguments: &[&str]) -> Self {
        let mut server = Running(command.args(["--http", "127.0.0.1:0"]).args(arguments).spawn().unwrap());
        let stderr = BufReader::new(server.0.stderr.take().unwrap());
        let (sender, logs) = mpsc::channel();
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let address = loop {
            let line = logs.recv_timeout(Duration::from_secs(10)).expect("it says where it listens");
            if let Some(url) = line.strip_prefix("listening on http://") {
                break url.strip_suffix("/mcp").unwrap().to_owned();
            }
        };
        Self { server, address, logs }
    }

    /// Sends a request; the HTTP status and the JSON body, null if there is none.
    fn request(&self, token: Option<&str>, method: &str, params: Value) -> (u16, Value) {
        let token = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        self.request_with(&token, method, params)
    }

    fn request_with(&self, headers: &str, method: &str, mut params: Value) -> (u16, Value) {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {
                "elicitation": {},
                "extensions": { "io.modelcontextprotocol/tasks": {} },
            },
        });
        let name = params.get("name").or_else(|| params.get("taskId")).and_then(Value::as_str);
        let name = name.map(|name| format!("Mcp-Name: {name}\r\n")).unwrap_or_default();
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
        let request = format!(
            "POST /mcp HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\n\
             Mcp-Method: {method}\r\n{name}{headers}Content-Length: {}\r\n\r\n{body}",
            self.address,
            body.len(),
        );
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap_or_default())
    }

    fn call(&self, token: Option<&str>, tool: &str, arguments: &Value) -> Value {
        self.request(token, "tools/call", json!({ "name": tool, "arguments": arguments })).1
    }

    fn create(&self, token: Option<&str>, tool: &str, arguments: &Value) -> String {
        let created = self.call(token, tool, arguments);
        assert_eq!(created["result"]["resultType"], "task", "{created}");
        created["result"]["taskId"].as_str().unwrap().to_owned()
    }

    /// The task once it has ended.
    fn ended(&self, token: Option<&str>, task: &str) -> Value {
        for _ in 0..1000 {
            let got = self.request(token, "tasks/get", json!({ "taskId": task })).1;
            if got["result"]["status"] != "working" {
                return got["result"].clone();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("the task does not end");
    }
}

#[cfg(unix)]
#[test]
fn http_says_once_where_it_listens_and_ends_at_sigterm() {
    let mut http = Http::start(&["--lease", "500", "--store", "memory:"]);
    let greeting = http.call(None, "greet", &json!({ "name": "Ann" }));
    assert_eq!(greeting["result"]["content"][0]["text"], "Hello, Ann!");
    let killed = Command::new("kill").args(["-TERM", &http.server.0.id().to_string()]).status().unwrap();
    assert!(killed.success());
    assert_eq!(http.server.exit_code(), Some(0));
    assert!(!http.logs.iter().any(|line| line.starts_with("listening")));
}

#[test]
fn with_tokens_callers_need_one_and_have_their_own_tasks() {
    let http = Http::start(&["--token", "ann=apple", "--token", "bob=pear"]);
    for token in [None, Some("plum"), Some("ann"), Some("ann=apple")] {
        assert_eq!(http.request(token, "tools/list", json!({})).0, 401, "{token:?}");
    }
    let (ann, bob) = (Some("apple"), Some("pear"));
    let task = http.create(ann, "slow_compute", &json!({ "seconds": 30 }));
    let params = json!({ "taskId": task });
    assert_eq!(http.request(ann, "tasks/get", params.clone()).1["result"]["status"], "working");

    let update = json!({ "taskId": task, "inputResponses": {} });
    for (method, params) in [("tasks/get", &params), ("tasks/cancel", &params), ("tasks/update", &update)] {
        let foreign = http.request(bob, method, params.clone());
        let mut unknown = params.clone();
        unknown["taskId"] = "00000000-0000-4000-8000-000000000000".into();
        assert_eq!(foreign.1["error"]["code"], -32602, "{method}");
        assert_eq!(foreign, http.request(bob, method, unknown), "{method}");
    }

    assert_eq!(http.request(ann, "tasks/cancel", params).1["result"]["resultType"], "complete");
    assert_eq!(http.ended(ann, &task)["status"], "cancelled");
}

#[test]
fn max_tasks_bounds_the_live_tasks_of_each_owner() {
    let http = Http::start(&["--token", "ann=apple", "--token", "bob=pear", "--max-tasks", "2"]);
    let (ann, bob) = (Some("apple"), Some("pear"));
    let wait = json!({ "seconds": 30 });
    let task = http.create(ann, "slow_compute", &wait);
    http.create(ann, "slow_compute", &wait);
    let refused = http.call(ann, "slow_compute", &wait);
    assert_eq!(refused["error"]["data"]["reason"], "quota", "{refused}");
    http.create(bob, "slow_compute", &wait);
    http.request(ann, "tasks/cancel", json!({ "taskId": task }));
    http.create(ann, "slow_compute", &wait);
}

#[test]
fn tally_counts_in_a_variable_and_keeps_its_secret() {
    let http = Http::start(&[]);
    let mut params = json!({ "name": "tally", "arguments": { "n": 7 } });
    let plain = http.ended(None, &http.create(None, "tally", &params["arguments"]));
    assert_eq!(plain["status"], "completed", "{plain}");
    assert_eq!(plain["result"]["structuredContent"], json!({ "rows": 7 }));
    assert_eq!(plain["_meta"]["run.pmcp/variables"], json!({ "rows": 7, "note": "" }));

    params["arguments"]["n"] = json!("seven");
    let wrong = http.call(None, "tally", &params["arguments"]);
    assert_eq!(wrong["result"]["isError"], true, "{wrong}");
    assert!(wrong["result"]["content"][0]["text"].as_str().unwrap().contains("`n`"), "{wrong}");
}

/// An empty directory of this test's own.
fn scratch(test: &str) -> PathBuf {
    let directory = std::env::temp_dir().join(format!("conformance-server-{test}-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

#[test]
fn append_lines_goes_on_where_a_killed_server_was() {
    let directory = scratch("killed");
    let path = directory.join("lines.txt");
    let store = format!("sqlite:{}", directory.join("tasks.db").display());
    let options = ["--store", &store, "--lease", "500"];
    let mut http = Http::start(&options);
    let task = http.create(None, "append_lines", &json!({ "path": path, "n": 6, "delay_ms": 100 }));
    let lines = || std::fs::read_to_string(&path).unwrap_or_default();
    while lines().lines().count() < 2 {
        std::thread::sleep(Duration::from_millis(5));
    }
    http.server.0.kill().unwrap();
    http.server.0.wait().unwrap();
    let http = Http::start(&options);
    let task = http.ended(None, &task);
    assert_eq!(task["result"]["structuredContent"], json!({ "lines": 6, "attempt": 2 }), "{task}");
    let mut written: Vec<String> = lines().lines().map(str::to_owned).collect();
    std::fs::remove_dir_all(&directory).unwrap();
    // The line in flight at the kill may be there twice: its step may not have been recorded.
    written.dedup();
    assert_eq!(written, (1..=6).map(|line| format!("line-{line}")).collect::<Vec<_>>());
}

#[test]
fn append_lines_appends_each_line_once() {
    let directory = scratch("once");
    let path = directory.join("lines.txt");
    let http = Http::start(&[]);
    let arguments = json!({ "path": path, "n": 3, "delay_ms": 1 });
    let task = http.ended(None, &http.create(None, "append_lines", &arguments));
    assert_eq!(task["result"]["structuredContent"], json!({ "lines": 3, "attempt": 1 }), "{task}");
    let lines = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_dir_all(&directory).unwrap();
    assert_eq!(lines, "line-1\nline-2\nline-3\n");
}

#[test]
fn a_capability_the_client_lacks_is_named() {
    let http = Http::start(&[]);
    let (status, refused) = http.request(None, "tools/call", json!({ "name": "test_missing_capability" }));
    assert_eq!((status, &refused["error"]["code"]), (400, &json!(-32021)), "{refused}");
    assert_eq!(refused["error"]["data"]["requiredCapabilities"], json!({ "sampling": {} }));
}

#[test]
fn an_argument_and_its_header_have_to_agree() {
    let http = Http::start(&[]);
    let params = json!({ "name": "test_x_mcp_header", "arguments": { "region": "eu-wést" } });
    let (_, answered) =
        http.request_with("mcp-param-region: =?base64?ZXUtd8Opc3Q=?=\r\n", "tools/call", params.clone());
    assert_eq!(answered["result"]["content"][0]["text"], "Looked in eu-wést.", "{answered}");
    let plain = json!({ "name": "test_x_mcp_header", "arguments": {} });
    for (headers, params) in [
        ("", &params),
        ("Mcp-Param-Region: us\r\n", &params),
        ("Mcp-Param-Region: =?base64?ZXUtd8Opc3Q?=\r\n", &params),
        ("Mcp-Param-Region: us\r\n", &plain),
    ] {
        let (status, refused) = http.request_with(headers, "tools/call", params.clone());
        assert_eq!((status, &refused["error"]["code"]), (400, &json!(-32020)), "{headers:?} {refused}");
    }
    let missing = http.request(None, "tools/call", plain).1;
    assert_eq!(missing["result"]["content"][0]["text"], "argument `region` is missing");
}
