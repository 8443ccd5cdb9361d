//! The server under test: started on a free port, and ended with the run.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::command::{cargo, output, program};

/// The example with everything in it.
pub(crate) const CONFORMANCE: &str = "conformance-server";

/// The example with a workflow.
pub(crate) const TRAIN: &str = "release-train";

const STARTS_WITHIN: Duration = Duration::from_secs(30);

/// How many of the server's last lines to show when a scenario failed.
const SHOWN_LINES: usize = 40;

/// A running server; dropping it ends the process.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    url: String,
    log: Log,
}

type Log = Arc<Mutex<Vec<String>>>;

impl Server {
    /// Builds examples, and tells where their binaries are.
    pub(crate) fn build_examples<const N: usize>(names: [&str; N]) -> anyhow::Result<[PathBuf; N]> {
        println!("building {}", names.join(", "));
        // As part of the workspace, so that the dependencies are those already built for the tests.
        let mut build = cargo("build --quiet --workspace --all-features --message-format json-render-diagnostics");
        let artifacts = output(build.args(names.iter().flat_map(|name| ["--bin", name])))?;
        let mut binaries = names.map(|_| PathBuf::new());
        for (binary, name) in binaries.iter_mut().zip(names) {
            let found =
                executable(&artifacts, name).with_context(|| format!("cargo did not say where it put {name}"))?;
            *binary = PathBuf::from(found);
        }
        Ok(binaries)
    }

    /// Starts the example on a free port, with these variables beside those of our environment.
    pub(crate) fn start_example(
        binary: &Path,
        options: &[&str],
        environment: &[(&str, String)],
    ) -> anyhow::Result<Self> {
        let environment = environment.iter().map(|(name, value)| (name, value));
        let mut command = program(binary);
        Self::start(command.args(["--http", "127.0.0.1:0"]).args(options).envs(environment), STARTS_WITHIN)
    }

    /// Starts a command that writes `listening on URL` to its standard error.
    fn start(command: &mut Command, limit: Duration) -> anyhow::Result<Self> {
        let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut server =
            Self { child: child.context("could not start the server")?, url: String::new(), log: Log::default() };
        let errors = server.child.stderr.take().context("the server has no standard error")?;
        let (found, url) = mpsc::channel();
        let log = Arc::clone(&server.log);
        std::thread::spawn(move || {
            for line in BufReader::new(errors).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).into_owned();
                if let Some((_, url)) = line.split_once("listening on ") {
                    // Nobody listens for a second line.
                    let _ = found.send(url.trim().to_owned());
                }
                log.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
        match url.recv_timeout(limit) {
            Ok(url) => server.url = url,
            Err(reason) => {
                server.print_log();
                match reason {
                    RecvTimeoutError::Timeout => {
                        bail!("the server did not write `listening on URL` within {} s", limit.as_secs())
                    }
                    RecvTimeoutError::Disconnected => bail!("the server ended before it wrote `listening on URL`"),
                }
            }
        }
        Ok(server)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Prints the end of what the server wrote to its standard error.
    pub(crate) fn print_log(&self) {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        println!("the server's last lines:");
        log.iter().skip(log.len().saturating_sub(SHOWN_LINES)).for_each(|line| println!("  | {line}"));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The path of the binary in cargo's messages.
fn executable(messages: &str, name: &str) -> Option<String> {
    messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find_map(|message| {
        let is_ours = message["reason"] == "compiler-artifact" && message["target"]["name"] == name;
        is_ours.then(|| message["executable"].as_str().map(ToOwned::to_owned)).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(script: &str, limit: Duration) -> anyhow::Result<Server> {
        Server::start(program("sh").args(["-c", script]), limit)
    }

    #[test]
    fn the_address_is_read_from_standard_error() {
        let script = "echo hello >&2; echo listening on http://127.0.0.1:1/mcp >&2; exec sleep 60";
        let server = start(script, Duration::from_secs(20)).unwrap();
        assert_eq!(server.url(), "http://127.0.0.1:1/mcp");
    }

    #[test]
    fn a_server_that_ends_early_is_an_error() {
        let error = start("echo 'no such store' >&2; exit 1", Duration::from_secs(20)).unwrap_err();
        assert_eq!(error.to_string(), "the server ended before it wrote `listening on URL`");
    }

    #[test]
    fn a_silent_server_is_given_up() {
        let error = start("exec sleep 60", Duration::from_millis(50)).unwrap_err();
        assert_eq!(error.to_string(), "the server did not write `listening on URL` within 0 s");
    }

    #[test]
    fn the_binary_is_found_among_the_messages() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"other"},"executable":"a"}
{"reason":"compiler-artifact","target":{"name":"conformance-server"},"executable":"b"}
{"reason":"build-finished","success":true}"#;
        assert_eq!(executable(messages, "conformance-server").as_deref(), Some("b"));
        assert_eq!(executable(messages, "absent"), None);
    }
}
