//! Tasks for these tests, and a server of one's own that can be stopped.

use std::{
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU16, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use pmcp_tasks::{
    store::backend::{
        Field, FieldOp, Guard, Holder, HolderChange, Merge, NewTask, Put, Scope, Stamp, Step, TaskKey, WorkerId,
        WriteId,
    },
    task::{Owner, OwnerKey, OwnerKind, TaskId},
    time::Millis,
};

/// 2025-11-25T00:00:00Z.
pub(super) const NOW: Millis = Millis(1_764_028_800_000);
pub(super) const HOUR: u64 = 3_600_000;
pub(super) const PERIOD: Duration = Duration::from_secs(4);

pub(super) fn owner(n: u32) -> OwnerKey {
    Owner::new(OwnerKind::Subject, "https://issuer.example", n.to_string()).key()
}

pub(super) fn worker(n: u32) -> WorkerId {
    WorkerId(u128::from(n) + 1)
}

pub(super) fn write() -> WriteId {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    WriteId(u128::from(NEXT.fetch_add(1, Ordering::Relaxed)) << 64)
}

/// Task `n` of an owner: listed, held by worker 0, for an hour.
pub(super) fn task_of(whose: u32, n: u32) -> NewTask {
    let owner = owner(whose);
    let mut id = [7; 16];
    id[..4].copy_from_slice(&n.to_be_bytes());
    NewTask {
        key: TaskKey { owner, id: TaskId::from_random(id) },
        scope: Some(Scope(owner)),
        stamp: Stamp((NOW.0 << 20) + u64::from(n)),
        expires: Millis(NOW.0 + HOUR),
        quota: 1000,
        max_bytes: u64::MAX,
        holder: Holder::Worker(worker(0)),
        head: "head".into(),
        body: "body".into(),
        idempotency: None,
        write: write(),
    }
}

pub(super) fn put(version: u64) -> Put {
    Put {
        version,
        fence: None,
        head: "next".into(),
        outcome: None,
        step: None,
        open: true,
        holder: HolderChange::Keep,
        write: write(),
    }
}

pub(super) fn seal(version: u64) -> Put {
    Put { outcome: Some("outcome".into()), open: false, holder: HolderChange::Release, ..put(version) }
}

/// A write of one field that is made if its value is the expected one.
pub(super) fn set_if(field: &str, was: Option<&'static str>, value: &str) -> Merge {
    let op = FieldOp::SetIf { was: was.map(Into::into), value: value.to_owned().into() };
    Merge { guard: Guard::Open, ops: vec![(Field::from(field), op)], max_bytes: 1 << 16, write: write() }
}

pub(super) fn step(name: &str, value: &'static str) -> Step {
    Step { fence: 1, name: name.into(), value: value.into(), changes: Vec::new(), max_bytes: 1 << 16, write: write() }
}

/// A server with its data in a directory of its own. It goes with this.
pub(super) struct Server {
    child: Child,
    /// The setting of its port.
    kind: &'static str,
    port: u16,
    settings: Vec<String>,
    directory: tempfile::TempDir,
}

impl Server {
    pub(super) fn start(settings: &[&str]) -> Self {
        Self::start_on("--port", settings)
    }

    /// One that is encrypted, with a certificate, its key, and the authority that vouches for it.
    pub(super) fn start_encrypted(certificate: &str, key: &str, authority: &str) -> Self {
        let files = ["--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", authority];
        Self::start_on("--tls-port", &[&["--port", "0", "--tls-auth-clients", "no"], &files[..]].concat())
    }

    fn start_on(kind: &'static str, settings: &[&str]) -> Self {
        // Other processes look for a port at the same time: who comes too late ends at once.
        static NEXT: AtomicU16 = AtomicU16::new(27_000);
        let directory = tempfile::tempdir().unwrap();
        let settings: Vec<_> = settings.iter().map(|&setting| setting.to_owned()).collect();
        loop {
            // One that was killed gets its port again: nobody else is to take it meanwhile.
            let port = NEXT.fetch_add(1, Ordering::Relaxed);
            if TcpListener::bind(("127.0.0.1", port)).is_err() {
                continue;
            }
            let mut child = spawn((kind, port), &settings, directory.path());
            if answers(&mut child, port) {
                return Self { child, kind, port, settings, directory };
            }
            child.wait().unwrap();
        }
    }

    pub(super) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn url(&self) -> String {
        format!("redis://{}", self.address())
    }

    pub(super) async fn ask(&self, command: &str) -> ::redis::Value {
        ask(&self.url(), command).await
    }

    /// Number of commands until now, those inside of scripts included.
    pub(super) async fn commands(&self) -> u64 {
        let stats: String = ::redis::from_redis_value(self.ask("INFO stats").await).unwrap();
        let line = stats.lines().find(|line| line.starts_with("total_commands_processed")).unwrap();
        line.split(':').nth(1).unwrap().trim().parse().unwrap()
    }

    /// Ends without a chance to write anything.
    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(super) fn start_again(&mut self) {
        self.child = spawn((self.kind, self.port), &self.settings, self.directory.path());
        assert!(answers(&mut self.child, self.port), "it starts again");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn((kind, port): (&str, u16), settings: &[String], directory: &std::path::Path) -> Child {
    let mut server = Command::new("redis-server");
    server.args(["--bind", "127.0.0.1", kind, &port.to_string(), "--save", "", "--dir"]).arg(directory);
    server.args(settings).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn answers(child: &mut Child, port: u16) -> bool {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(20) {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            // Another server may have got the port in between.
            std::thread::sleep(Duration::from_millis(100));
            return child.try_wait().unwrap().is_none();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("redis-server does not answer");
}

/// The answer of a server to a command, which is divided at spaces.
pub(super) async fn ask(url: &str, command: &str) -> ::redis::Value {
    let client = ::redis::Client::open(url).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut words = command.split(' ');
    let mut command = ::redis::cmd(words.next().unwrap());
    words.for_each(|word| {
        command.arg(word);
    });
    command.query_async(&mut connection).await.unwrap()
}

/// The keys of a store.
pub(super) async fn keys(url: &str, prefix: &str) -> Vec<Vec<u8>> {
    let answer = ask(url, &format!("KEYS {{{prefix}*")).await;
    ::redis::from_redis_value(answer).unwrap()
}
