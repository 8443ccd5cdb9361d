//! The command itself, and servers for it.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command as Process, Stdio},
    sync::{OnceLock, mpsc},
    thread,
    time::Duration,
};

use snapbox::cmd::Command;
use tempfile::TempDir;

/// The time for which anything is waited, which a busy machine may need.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) const PMCP: &str = env!("CARGO_BIN_EXE_cargo-pmcp");

/// `cargo pmcp` with these arguments, outside of any package.
pub(crate) fn pmcp<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    Command::new(PMCP)
        .args(arguments)
        .current_dir(std::env::temp_dir())
        .env_remove("NO_COLOR")
        .env_remove("CARGO_TARGET_DIR")
        .stdin("")
        .timeout(PATIENCE)
}

/// The server of the official suite. Tests of the workspace have built it; alone, it is built here.
pub(crate) fn conformance_server() -> &'static str {
    static BUILT: OnceLock<String> = OnceLock::new();
    BUILT.get_or_init(|| {
        let path = Path::new(PMCP).with_file_name(format!("conformance-server{}", std::env::consts::EXE_SUFFIX));
        if !path.is_file() {
            let mut cargo = Process::new(env!("CARGO"));
            let built = cargo.args(["build", "--quiet", "--package", "conformance-server"]).status();
            assert!(built.unwrap().success(), "conformance-server does not build");
        }
        path.to_str().unwrap().to_owned()
    })
}

/// A process one of whose outputs is read line by line; it ends with the test.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Running {
    /// Reads standard error.
    pub(crate) fn start(command: &mut Process) -> Self {
        Self::spawn(command.stdout(Stdio::null()).stderr(Stdio::piped()))
    }

    /// Reads standard output.
    pub(crate) fn writing(command: &mut Process) -> Self {
        Self::spawn(command.stdout(Stdio::piped()).stderr(Stdio::null()))
    }

    fn spawn(command: &mut Process) -> Self {
        let mut child = command.env_remove("CARGO_TARGET_DIR").stdin(Stdio::null()).spawn().unwrap();
        let output: Box<dyn Read + Send> = match (child.stdout.take(), child.stderr.take()) {
            (Some(stdout), _) => Box::new(stdout),
            (None, stderr) => Box::new(stderr.unwrap()),
        };
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Self { child, lines }
    }

    /// The next line with this in it; those before it are passed.
    pub(crate) fn line(&self, with: &str) -> String {
        let mut passed = Vec::new();
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) if line.contains(with) => return line,
                Ok(line) => passed.push(line),
                Err(error) => panic!("no line with `{with}` ({error}), but {passed:#?}"),
            }
        }
    }

    /// Ends it as Ctrl-C does.
    #[cfg(unix)]
    pub(crate) fn interrupt(&self) {
        let id = rustix::process::Pid::from_raw(self.id().cast_signed()).unwrap();
        rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end; its exit code.
    pub(crate) fn code(&mut self) -> Option<i32> {
        let until = std::time::Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(std::time::Instant::now() < until, "it does not end");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The server of the suite over HTTP, and its address.
pub(crate) fn over_http(options: &[&str]) -> (Running, String) {
    let server = Running::start(Process::new(conformance_server()).args(["--http", "127.0.0.1:0"]).args(options));
    let line = server.line("listening on ");
    let url = line.split_once("listening on ").unwrap().1.to_owned();
    (server, url)
}

/// A package whose binary is a small server of today, without dependencies, so that it is built in a moment.
pub(crate) fn package() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    fs::create_dir_all(root.join("src")).unwrap();
    fs::write(root.join("Cargo.toml"), MANIFEST).unwrap();
    fs::write(root.join("src/main.rs"), SERVER).unwrap();
    (folder, root)
}

const MANIFEST: &str = r#"[package]
name = "small"
version = "0.3.1"
edition = "2021"

[workspace]
"#;

/// Answers discovery and the list of its one tool.
pub(crate) const SERVER: &str = r##"use std::io::{BufRead, BufReader, Read, Write};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.len() != 2 || arguments[0] != "--http" {
        eprintln!("error: unexpected argument in {arguments:?}");
        std::process::exit(2);
    }
    let listener = std::net::TcpListener::bind(&arguments[1]).unwrap();
    eprintln!("process {}", std::process::id());
    eprintln!("listening on http://{}/mcp", listener.local_addr().unwrap());
    for stream in listener.incoming() {
        std::thread::spawn(move || serve(stream.unwrap()));
    }
}

fn serve(mut stream: std::net::TcpStream) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let body = String::from_utf8(body).unwrap();
        let id: String = match body.split_once("\"id\":") {
            Some((_, rest)) => rest.chars().take_while(|c| c.is_ascii_digit()).collect(),
            None => String::new(),
        };
        let answer = if body.contains("\"server/discover\"") {
            r#""result":{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"ttlMs":0,"cacheScope":"private"}"#
        } else if body.contains("\"tools/list\"") {
            r#""result":{"resultType":"complete","tools":[{"name":"first_tool","inputSchema":{"type":"object"}}],"ttlMs":0,"cacheScope":"private"}"#
        } else {
            r#""error":{"code":-32601,"message":"no such method"}"#
        };
        let answer = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},{answer}}}");
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", answer.len());
        stream.write_all((head + &answer).as_bytes()).unwrap();
    }
}
"##;

/// Tells whether a process is there and is no corpse.
#[cfg(unix)]
pub(crate) fn is_there(id: i32) -> bool {
    let state = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    !(state.is_empty() || state.contains(") Z "))
}

/// Waits until a process is gone.
#[cfg(unix)]
pub(crate) fn wait_for_the_end_of(id: i32) {
    let until = std::time::Instant::now() + PATIENCE;
    while is_there(id) {
        assert!(std::time::Instant::now() < until, "process {id} does not end");
        thread::sleep(Duration::from_millis(10));
    }
}
