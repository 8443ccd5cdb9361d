//! Peers: a command a line, answered with a line of numbers.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::{Context as _, bail};

use crate::Workers;

/// A peer's process; it ends when this is dropped.
#[derive(Debug)]
pub struct Peer {
    child: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    /// Starts the peer that was built beside this program, on so many threads.
    ///
    /// # Errors
    /// It is not there.
    pub fn start(name: &str, threads: usize) -> anyhow::Result<Self> {
        let own = std::env::current_exe()?;
        let path = own.parent().unwrap_or(Path::new(".")).join(name);
        let mut command = Command::new(path);
        command.arg(threads.to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("`{name}` is not built"))?;
        let commands = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().context("the output is piped")?);
        Ok(Self { child, commands, answers })
    }

    /// The process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Has something measured, and waits for what came of it.
    ///
    /// # Errors
    /// The peer failed.
    pub fn measure(&mut self, command: &str) -> anyhow::Result<Vec<f64>> {
        let commands = self.commands.as_mut().context("the peer takes commands until it is dropped")?;
        writeln!(commands, "{command}")?;
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            bail!("a peer ended at `{command}`");
        }
        line.split_whitespace().map(|number| number.parse().context("a peer answers with numbers")).collect()
    }

    /// The same where there is one number to tell.
    ///
    /// # Errors
    /// The peer failed.
    pub fn one(&mut self, command: &str) -> anyhow::Result<f64> {
        self.measure(command)?.first().copied().context("a peer answers with a number")
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.commands.take());
        // It has nothing to leave behind, whatever it was doing.
        let _ = self.child.wait();
    }
}

/// The peer's side: does what the next line says, a word and a number, until there is none.
///
/// # Errors
/// A command failed.
#[expect(clippy::print_stdout, reason = "how a peer answers")]
pub fn answer(mut command: impl FnMut(&Workers, &str, usize) -> anyhow::Result<Vec<f64>>) -> anyhow::Result<()> {
    let threads = std::env::args().nth(1).context("the first argument is the number of threads")?;
    let workers = Workers::new(threads.parse()?)?;
    for line in std::io::stdin().lines() {
        let line = line?;
        let (name, number) = line.split_once(' ').unwrap_or((&line, "0"));
        let numbers = command(&workers, name, number.parse()?)?;
        println!("{}", numbers.iter().map(f64::to_string).collect::<Vec<_>>().join(" "));
    }
    Ok(())
}
