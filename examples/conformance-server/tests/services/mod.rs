//! Services of a test's own, which it can stop as hard as power fails, and start again on the same data.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU16, Ordering},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::PATIENCE;

/// Where the programs of PostgreSQL are.
const POSTGRES: &str = "PMCP_TEST_POSTGRES_PROGRAMS";

/// The account servers of PostgreSQL run as where we are root, whom they refuse.
const ACCOUNT: &str = "postgres";

/// A service that keeps what it acknowledged. It goes with its test.
pub(crate) struct Service {
    /// Makes the command that starts it on its port.
    start: Box<dyn Fn() -> Command + Send>,
    /// Tells whether it takes connections.
    is_ready: Box<dyn Fn() -> bool + Send>,
    child: Child,
    store: String,
    _directory: TempDir,
}

impl Service {
    /// Redis that answers a write once it is on the disk.
    pub(crate) fn redis() -> Self {
        let (directory, port) = (TempDir::new().unwrap(), port());
        let path = directory.path().to_owned();
        let start = move || {
            let mut server = Command::new("redis-server");
            server.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--dir"]).arg(&path);
            server.args(["--save", "", "--appendonly", "yes", "--appendfsync", "always"]);
            server
        };
        let is_ready = move || TcpStream::connect(("127.0.0.1", port)).is_ok();
        Self::started(Box::new(start), Box::new(is_ready), format!("redis://127.0.0.1:{port}"), directory)
    }

    /// PostgreSQL as it is by default.
    pub(crate) fn postgres() -> Self {
        let (directory, port) = (TempDir::new().unwrap(), port());
        let programs =
            std::env::var(POSTGRES).unwrap_or_else(|_| panic!("{POSTGRES} is not set: `cargo xtask services`"));
        let (programs, data) = (PathBuf::from(programs), directory.path().join("data"));
        if let Some((user, group)) = account() {
            chown(directory.path(), Some(user), Some(group)).unwrap();
        }
        let mut initdb = as_account(&programs.join("initdb"));
        initdb.arg("--pgdata").arg(&data).args(["--username", "pmcp", "--auth", "trust", "--no-sync"]);
        let made = initdb.args(["--encoding", "UTF8", "--locale", "C"]).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let asks = programs.join("pg_isready");
        let is_ready = move || {
            let mut asks = Command::new(&asks);
            asks.args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()]).status().unwrap().success()
        };
        let start = move || {
            let mut server = as_account(&programs.join("postgres"));
            server.arg("-D").arg(&data).args(["-p", &port.to_string()]);
            server.args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]);
            server
        };
        let store = format!("postgres://pmcp@127.0.0.1:{port}/postgres");
        Self::started(Box::new(start), Box::new(is_ready), store, directory)
    }

    fn started(
        start: Box<dyn Fn() -> Command + Send>,
        is_ready: Box<dyn Fn() -> bool + Send>,
        store: String,
        directory: TempDir,
    ) -> Self {
        let child = serving(&*start, &*is_ready);
        Self { start, is_ready, child, store, _directory: directory }
    }

    /// The URL of a store on it.
    pub(crate) fn store(&self) -> &str {
        &self.store
    }

    /// Ends it and all its processes, without a chance to write anything.
    pub(crate) fn kill(&mut self) {
        let id = self.child.id();
        // They are in no group: each of PostgreSQL's is one of its own.
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        let all = [id.to_string()].into_iter().chain(children.split_whitespace().map(str::to_owned));
        // A child may have ended by itself.
        let _ = Command::new("kill").arg("-KILL").args(all).stderr(Stdio::null()).status();
        self.child.wait().unwrap();
    }

    /// Starts it again on what it has written.
    pub(crate) fn start_again(&mut self) {
        self.child = serving(&*self.start, &*self.is_ready);
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.kill();
        }
    }
}

/// Starts a service, again if it ends at once, until it takes connections.
fn serving(start: &dyn Fn() -> Command, is_ready: &dyn Fn() -> bool) -> Child {
    let started = Instant::now();
    let spawn = || start().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut child = spawn();
    while !is_ready() {
        assert!(started.elapsed() < PATIENCE, "the service takes no connections");
        std::thread::sleep(Duration::from_millis(20));
        if child.try_wait().unwrap().is_some() {
            // What is left of the killed one may not have ended yet.
            child = spawn();
        }
    }
    child
}

/// A port that nobody listens on: below those that the system gives to clients, as it is needed again after a kill.
fn port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(28_000);
    loop {
        let port = NEXT.fetch_add(1, Ordering::Relaxed);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// A program as the account runs it: where we are not root it is ours.
fn as_account(program: &Path) -> Command {
    let mut command = match account() {
        Some(_) => {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", ACCOUNT, "--regid", ACCOUNT, "--clear-groups", "--"]).arg(program);
            command
        }
        None => Command::new(program),
    };
    // Ours may be closed to it.
    command.current_dir("/");
    command
}

/// User and group of the account; none if we are not root.
fn account() -> Option<(u32, u32)> {
    let number = |arguments: &[&str]| -> u32 {
        let output = Command::new("id").args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
    };
    (number(&["-u"]) == 0).then(|| (number(&["-u", ACCOUNT]), number(&["-g", ACCOUNT])))
}
