//! `cargo pmcp app types`.

use std::{env, path::Path, process::Stdio, sync::Arc, time::Duration};

use clap::Args;
use serde::Deserialize;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::{ChildStdout, Command},
};

use crate::{
    error::{Error, Result},
    interrupt::until_interrupted,
    shell::Shell,
    target::{Child, Ear, PackageArgs, find_and_build},
};

/// The variable by which a server is started for its types alone: see `types` of `pmcp-server`.
const ASKED: &str = "PMCP_APP_TYPES";

/// The time that a server may take to tell of its types.
const PATIENCE: Duration = Duration::from_secs(60);

/// The most bytes of what a server says before.
const MOST: u64 = 1 << 20;

/// Write `mcp.d.ts` beside each widget of the package here: the types of its tools.
///
/// The server itself writes them, as it does whenever it is started in development.
#[derive(Args, Debug)]
pub(crate) struct Types {
    /// Write nothing, and fail if a file is not what would be written.
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    package: PackageArgs,
}

/// The files, as the server tells of them.
#[derive(Debug, Deserialize)]
struct Told {
    types: Vec<File>,
}

#[derive(Debug, Deserialize)]
struct File {
    path: String,
    state: State,
    reason: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum State {
    Current,
    Written,
    Stale,
    Failed,
}

impl Types {
    pub(crate) async fn run(self, shell: &Shell) -> Result {
        if self.package.release {
            return Err(
                Error::usage("a release does not know the directories of its widgets").help("leave out `--release`")
            );
        }
        until_interrupted(async {
            let files = self.ask(shell).await?;
            if files.is_empty() {
                return Err(Error::failed("the server has no widgets").help("`.widget::<…>()` on it registers one"));
            }
            tell(&files, shell)
        })
        .await
    }

    /// Has the server look after its files.
    async fn ask(&self, shell: &Shell) -> Result<Vec<File>> {
        let (program, path) = find_and_build(&self.package, shell).await?;
        let mut command = Command::new(path);
        command.env(ASKED, if self.check { "check" } else { "write" });
        command.args(["--http", "127.0.0.1:0"]).stdin(Stdio::null()).stdout(Stdio::piped());
        let silent: Ear = Arc::new(|_: &str| {});
        let mut server = Child::start(command, &silent)?;
        let told = match server.output() {
            Some(output) => tokio::time::timeout(PATIENCE, told(output)).await.ok().flatten(),
            None => None,
        };
        if let Some(files) = told {
            return Ok(files);
        }
        let silence = || Error::failed(format!("`{}` tells nothing of types", program.name));
        let mistake = server.end().await.unwrap_or_else(silence);
        Err(mistake.help("its widgets have to be served by this version of `pmcp-server`, in a build for development"))
    }
}

/// What the server tells, on one line among others.
async fn told(output: ChildStdout) -> Option<Vec<File>> {
    let mut lines = BufReader::new(output.take(MOST)).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Ok(Told { types }) = serde_json::from_str(&line) {
            return Some(types);
        }
    }
    None
}

/// Tells of each file, by its path from here.
fn tell(files: &[File], shell: &Shell) -> Result {
    let here = env::current_dir().unwrap_or_default();
    let mut stale = Vec::new();
    for File { path, state, reason } in files {
        let path = Path::new(path).strip_prefix(&here).unwrap_or(Path::new(path)).display();
        match state {
            State::Current => shell.status("Current", &path.to_string()),
            State::Written => shell.status("Wrote", &path.to_string()),
            State::Stale => stale.push(format!("`{path}`")),
            State::Failed => {
                let reason = reason.as_deref().unwrap_or("no reason is told");
                return Err(Error::failed(format!("`{path}` cannot be written: {reason}")));
            }
        }
    }
    if stale.is_empty() {
        return Ok(());
    }
    let are = if stale.len() == 1 { "is" } else { "are" };
    Err(Error::failed(format!("{} {are} not of the tools as they are", stale.join(", ")))
        .help("run `cargo pmcp app types`"))
}
