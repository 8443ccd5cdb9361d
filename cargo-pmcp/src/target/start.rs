//! A program that serves HTTP: it is started, and tells where it is.

use std::{path::Path, process::Stdio, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::{process::Command, sync::oneshot};

use super::child::{Child, Ear};
use crate::error::{Error, Result};

/// The time a program may take until it serves.
const START: Duration = Duration::from_secs(60);
/// The exit code of a program that does not understand its arguments.
const USAGE: i32 = 2;

/// A program that serves, and where.
#[derive(Debug)]
pub(crate) struct Serving {
    pub(crate) child: Child,
    pub(crate) url: String,
}

/// Starts a program, and waits until it serves. Pages of `origin` are let in, if the program has a say in that.
///
/// # Errors
/// It ends, or does not serve.
pub(crate) async fn serve(program: &Path, origin: Option<&str>, hear: &Ear) -> Result<Serving> {
    if origin.is_some() {
        // What it says before it serves is held back: it may be that it does not know the option.
        let held = Arc::new(Mutex::new(Some(Vec::new())));
        let (holding, through) = (held.clone(), hear.clone());
        let first: Ear = Arc::new(move |line: &str| match &mut *holding.lock() {
            Some(lines) => lines.push(line.to_owned()),
            None => through(line),
        });
        let served = once(program, origin, &first).await;
        let lines = held.lock().take().unwrap_or_default();
        // A program with arguments of its own may not know this one.
        if !matches!(served, Err((Some(USAGE), _))) {
            for line in &lines {
                hear(line);
            }
            return served.map_err(|(_, error)| error);
        }
    }
    once(program, None, hear).await.map_err(|(_, error)| error)
}

/// Runs a server that reads nothing, and ends it with whoever holds the other end of standard input: with us, though we are killed. It ends as
/// the server does, and when it is asked to, the server is asked, too, which it waits for.
#[cfg(unix)]
const SUPERVISE: &str = r#"exec 3<&0
"$0" "$@" </dev/null 3<&- & server=$!
{ read -r _; kill -TERM "$server"; sleep 2; kill -KILL "$server"; } <&3 3<&- >/dev/null 2>&1 & watcher=$!
exec 3<&-
trap : TERM
while :; do wait "$server"; code=$?; kill -0 "$server" 2>/dev/null || break; done
kill -KILL "$watcher" 2>/dev/null
trap - TERM
[ "$code" -gt 128 ] && kill "-$((code - 128))" $$
exit "$code""#;

/// A program that does not outlive us.
#[cfg(unix)]
fn supervised(program: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", SUPERVISE]).arg(program).stdin(Stdio::piped());
    command
}

#[cfg(not(unix))]
fn supervised(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null());
    command
}

/// The error comes with the exit code, if there is one.
async fn once(program: &Path, origin: Option<&str>, hear: &Ear) -> std::result::Result<Serving, (Option<i32>, Error)> {
    let mut command = supervised(program);
    command.args(["--http", "127.0.0.1:0"]).stdout(Stdio::piped());
    if let Some(origin) = origin {
        command.args(["--allow-origin", origin]);
    }
    let (told, listening) = oneshot::channel();
    let told = Mutex::new(Some(told));
    let others = hear.clone();
    let hear: Ear = Arc::new(move |line: &str| match address(line) {
        Some(url) => {
            if let Some(told) = told.lock().take() {
                // Nobody may wait for it any more.
                let _ = told.send(url.to_owned());
            }
        }
        None => others(line),
    });
    let child = Child::start(command, &hear).map_err(|error| (None, error))?;
    let name = program.file_name().unwrap_or(program.as_os_str());
    let mut child = child.named(&name.to_string_lossy()).holding_input();
    child.hear_output(&hear);
    tokio::select! {
        Ok(url) = listening => Ok(Serving { child, url }),
        status = child.ended() => Err(match status {
            Ok(status) => (status.code(), not_served(child.gone(status), status.code())),
            Err(error) => (None, error),
        }),
        () = tokio::time::sleep(START) => {
            let error = Error::failed(format!("`{}` does not serve: it did not write where it listens", program.display()));
            let lines = child.last_lines();
            child.stop().await;
            Err((None, error.lines(lines).help("`Server::serve` writes it; or start the server, and pass `--url URL`")))
        }
    }
}

fn not_served(error: Error, code: Option<i32>) -> Error {
    if code == Some(USAGE) {
        return error.help(
            "it is started with `--http 127.0.0.1:0`, as `Server::run` and `Transport::from_args()` read it; if its arguments are others, pass `--url URL` or `-- COMMAND`",
        );
    }
    error.help("a server keeps running: is its `main` one that ends with `run`, or takes `Transport::from_args()`?")
}

/// The address in the line that tells it.
fn address(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("listening on ")?;
    let url = rest.split_whitespace().next()?;
    url.starts_with("http://").then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_from_its_line_only() {
        assert_eq!(address("listening on http://127.0.0.1:4711/mcp"), Some("http://127.0.0.1:4711/mcp"));
        for other in ["listening on port 4711", "now listening", "http://127.0.0.1:4711/mcp"] {
            assert_eq!(address(other), None, "{other}");
        }
    }
}
