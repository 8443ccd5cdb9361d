//! A server of a test's own, which can be killed, or encrypts.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU16, Ordering},
    time::{Duration, Instant},
};

use crate::certificates::{self, Certificates};

/// The account that servers run as where we are root, whom they refuse.
const ACCOUNT: &str = "postgres";

/// A server with its data in a directory of its own. It goes with this.
pub(super) struct Server {
    child: Child,
    port: u16,
    directory: tempfile::TempDir,
    settings: Vec<String>,
}

impl Server {
    /// One that is not encrypted.
    pub(super) fn start() -> Self {
        Self::start_with(|_| Vec::new())
    }

    /// One that is, with a certificate.
    pub(super) fn start_encrypted(certificates: &Certificates) -> Self {
        Self::start_with(|directory| {
            for name in ["server.pem", "server.key"] {
                certificates::copy(&certificates.path(name), &directory.join(name));
                own(&directory.join(name));
            }
            let path = |name: &str| directory.join(name).display().to_string();
            vec![
                "ssl=on".to_owned(),
                format!("ssl_cert_file={}", path("server.pem")),
                format!("ssl_key_file={}", path("server.key")),
            ]
        })
    }

    fn start_with(settings: impl FnOnce(&Path) -> Vec<String>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        own(directory.path());
        let password = directory.path().join("password");
        fs::write(&password, "not-a-secret").unwrap();
        own(&password);
        let mut make = as_account("initdb");
        make.arg("--pgdata").arg(directory.path().join("data")).arg("--pwfile").arg(&password);
        make.args([
            "--username",
            "pmcp",
            "--auth",
            "scram-sha-256",
            "--encoding",
            "UTF8",
            "--locale",
            "C",
            "--no-sync",
        ]);
        assert!(make.stdout(Stdio::null()).status().unwrap().success(), "initdb");
        let settings = settings(directory.path());
        loop {
            // One that was killed gets its port again: nobody else is to take it meanwhile.
            static NEXT: AtomicU16 = AtomicU16::new(28_000);
            let port = NEXT.fetch_add(1, Ordering::Relaxed);
            if TcpListener::bind(("127.0.0.1", port)).is_err() {
                continue;
            }
            let mut child = spawn(directory.path(), port, &settings);
            if answers(&mut child, port) {
                return Self { child, port, directory, settings };
            }
        }
    }

    /// Its URL under a name, with parameters of the store.
    pub(super) fn url(&self, host: &str, parameters: &str) -> String {
        format!("postgres://pmcp:not-a-secret@{host}:{}/postgres?{parameters}", self.port)
    }

    /// Ends at once, as an immediate stop does: nothing is written any more.
    pub(super) fn kill(&mut self) {
        let killed = Command::new("kill").args(["-QUIT", &self.child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        self.child.wait().unwrap();
    }

    /// Starts again with what it had written.
    pub(super) fn start_again(&mut self) {
        self.child = spawn(self.directory.path(), self.port, &self.settings);
        assert!(answers(&mut self.child, self.port), "it starts again");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.kill();
        }
    }
}

fn spawn(directory: &Path, port: u16, settings: &[String]) -> Child {
    let mut server = as_account("postgres");
    server.arg("-D").arg(directory.join("data")).arg("-p").arg(port.to_string());
    for setting in ["listen_addresses=127.0.0.1", "unix_socket_directories="] {
        server.args(["-c", setting]);
    }
    for setting in settings {
        server.args(["-c", setting]);
    }
    server.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Waits until it takes connections. `false` if it ended, as when another process had the port.
fn answers(child: &mut Child, port: u16) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(30) {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("PostgreSQL does not answer");
}

/// A program of the machine's newest server, as the account runs it.
fn as_account(name: &str) -> Command {
    let versions = fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL is installed");
    let programs: Option<PathBuf> = versions.flatten().map(|version| version.path().join("bin")).max();
    let program = programs.unwrap().join(name);
    let mut command = if account().is_some() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", ACCOUNT, "--regid", ACCOUNT, "--clear-groups", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    // Ours may be closed to it.
    command.current_dir("/");
    command
}

/// Gives a file to the account.
fn own(path: &Path) {
    if let Some((user, group)) = account() {
        chown(path, Some(user), Some(group)).unwrap();
    }
}

/// User and group of the account; none if we are not root.
fn account() -> Option<(u32, u32)> {
    let number = |arguments: &[&str]| -> u32 {
        let told = Command::new("id").args(arguments).output().unwrap();
        String::from_utf8(told.stdout).unwrap().trim().parse().unwrap()
    };
    (number(&["-u"]) == 0).then(|| (number(&["-u", ACCOUNT]), number(&["-g", ACCOUNT])))
}
