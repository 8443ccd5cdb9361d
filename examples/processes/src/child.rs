//! A program as a child that says when it is ready, and does not outlive who started it.

use std::{
    ffi::OsStr,
    fmt,
    io::Write as _,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
};

#[cfg(unix)]
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{ChildStderr, ChildStdin, ChildStdout, Command},
};

use crate::Outcome;

/// A program about to be started.
#[derive(Debug)]
pub struct Role {
    command: Command,
}

impl Role {
    /// This program once more, with these arguments.
    ///
    /// # Errors
    ///
    /// The system does not tell where this program is.
    pub fn of_this_program(arguments: &[&str]) -> Outcome<Self> {
        Ok(Self::of(std::env::current_exe()?, arguments))
    }

    /// A program with these arguments. Of its log it tells warnings, unless `RUST_LOG` says otherwise.
    pub fn of(program: impl AsRef<OsStr>, arguments: &[&str]) -> Self {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env("RUST_LOG", std::env::var_os("RUST_LOG").unwrap_or_else(|| "warn".into()))
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        Self { command }
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Has it tell of its log what this filter says.
    #[must_use]
    pub fn log(mut self, filter: &str) -> Self {
        self.command.env("RUST_LOG", filter);
        self
    }

    /// Starts it, and waits for the line on its standard error that begins with `ready`.
    ///
    /// # Errors
    ///
    /// It cannot be started, or ends before it is ready.
    pub async fn start(mut self, ready: &str) -> Outcome<Child> {
        let (mut child, mut lines) = Child::spawn(&mut self.command)?;
        child.rest = loop {
            let line = lines.next_line().await?.ok_or("a child ended before it was ready")?;
            match line.strip_prefix(ready) {
                Some(rest) => break rest.to_owned(),
                None => child.log.add(line),
            }
        };
        child.log.take(lines);
        Ok(child)
    }

    /// Starts it with its standard input and output in the hands of the caller.
    ///
    /// # Errors
    ///
    /// It cannot be started.
    pub fn start_piped(mut self) -> Outcome<(Child, ChildStdout, ChildStdin)> {
        let (mut child, lines) = Child::spawn(self.command.stdin(Stdio::piped()).stdout(Stdio::piped()))?;
        child.log.take(lines);
        let output = child.process.stdout.take().ok_or("a child has no standard output")?;
        let input = child.process.stdin.take().ok_or("a child has no standard input")?;
        Ok((child, output, input))
    }
}

/// Lines of a standard error.
type Told = Lines<BufReader<ChildStderr>>;

/// Lines that were told.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, line: String) {
        // A line that nobody reads is not an error.
        let _ = writeln!(std::io::stderr(), "{line}");
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    /// Adds whatever comes.
    fn take(&self, mut lines: Told) {
        let log = self.clone();
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                log.add(line);
            }
        });
    }
}

/// A program that runs. Dropping it kills it.
#[derive(Debug)]
pub struct Child {
    process: tokio::process::Child,
    id: u32,
    rest: String,
    log: Log,
}

impl Child {
    fn spawn(command: &mut Command) -> Outcome<(Self, Told)> {
        let mut process = command.spawn()?;
        let id = process.id().ok_or("a child ended at once")?;
        let lines = BufReader::new(process.stderr.take().ok_or("a child has no standard error")?).lines();
        Ok((Self { process, id, rest: String::new(), log: Log::default() }, lines))
    }

    /// Number of the process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Rest of the line in which it said that it is ready, such as the URL of a server.
    #[must_use]
    pub fn told(&self) -> &str {
        &self.rest
    }

    /// Lines of its standard error so far, but for the one in which it said that it is ready.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.log.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks it to end, by SIGTERM.
    ///
    /// # Errors
    ///
    /// It has ended, or the system refuses to.
    #[cfg(unix)]
    pub fn terminate(&self) -> Outcome<()> {
        let id = self.process.id().and_then(|id| Pid::from_raw(id.cast_signed())).ok_or("a child has ended")?;
        Ok(kill_process(id, Signal::TERM)?)
    }

    /// Waits until it has ended, and tells how.
    ///
    /// # Errors
    ///
    /// The system does not tell.
    pub async fn ended(&mut self) -> Outcome<ExitStatus> {
        Ok(self.process.wait().await?)
    }

    /// Ends it as abruptly as power fails: by SIGKILL, where there are signals.
    ///
    /// # Errors
    ///
    /// The system refuses to.
    pub async fn kill(&mut self) -> Outcome<()> {
        Ok(self.process.kill().await?)
    }
}

/// Writes a line to standard output; one that nobody reads is not an error.
pub fn say(line: fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
