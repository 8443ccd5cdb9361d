//! Processes of this same program that share a file with it.

use std::{
    env,
    ffi::OsString,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::Context as _;
use tempfile::TempDir;

/// A directory for files that are measured: beside this program, as others may be in memory.
pub(crate) fn directory() -> anyhow::Result<TempDir> {
    let program = env::current_exe()?;
    Ok(tempfile::tempdir_in(program.parent().unwrap_or(Path::new(".")))?)
}

/// What this process is a child for; the program's own first argument says so.
pub(crate) struct Role {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) argument: String,
}

impl Role {
    const FLAG: &str = "--child";

    pub(crate) fn from_args() -> Option<Self> {
        let mut arguments = env::args_os().skip(1);
        arguments.next().filter(|first| first == Self::FLAG)?;
        let text = |argument: Option<OsString>| argument?.into_string().ok();
        let (name, path) = (text(arguments.next())?, arguments.next()?.into());
        Some(Self { name, path, argument: text(arguments.next())? })
    }
}

/// A child process; killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Child {
    process: std::process::Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Child {
    pub(crate) fn start(role: &str, path: &Path, argument: &str) -> anyhow::Result<Self> {
        let mut process = Command::new(env::current_exe()?)
            .args([Role::FLAG, role])
            .arg(path)
            .arg(argument)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = process.stdin.take().context("the input is piped")?;
        let output = BufReader::new(process.stdout.take().context("the output is piped")?);
        Ok(Self { process, input, output })
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// What it tells next.
    pub(crate) fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }

    /// Ends its waiting.
    pub(crate) fn go(&mut self) -> anyhow::Result<()> {
        Ok(self.input.write_all(b"go\n")?)
    }

    /// Kills it, as a power cut would: SIGKILL.
    pub(crate) fn kill(&mut self) -> anyhow::Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.kill();
    }
}

/// In a child: tells its parent something.
#[expect(clippy::print_stdout, reason = "how a child tells")]
pub(crate) fn tell(text: &str) {
    println!("{text}");
}

/// In a child: waits until its parent says go.
pub(crate) fn wait() -> anyhow::Result<()> {
    std::io::stdin().read_line(&mut String::new())?;
    Ok(())
}
