//! `cargo pmcp inspect`: a client in the terminal.

mod answer;
mod call;
mod cancel;
mod prompt;
mod prompts;
mod read;
mod resources;
mod run;
mod task;
mod tasks;
mod tools;

use std::time::Duration;

use clap::{Args, Subcommand};
use pmcp_client::{Client, ClientBuilder, ClientError};
use pmcp_protocol::{UI_EXTENSION, UI_MIME_TYPE, code};
use serde_json::json;

use crate::{
    error::{Error, Result},
    interrupt::until_interrupted,
    shell::Shell,
    target::{Connected, TargetArgs},
    text::{line, meant, quoted},
};

/// Call a server: its tools, tasks, resources and prompts.
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(crate) enum Inspect {
    Tools(tools::Tools),
    Call(call::Call),
    Tasks(tasks::Tasks),
    Task(task::Task),
    Answer(answer::Answer),
    Cancel(cancel::Cancel),
    Resources(resources::Resources),
    Read(read::Read),
    Prompts(prompts::Prompts),
    Prompt(prompt::Prompt),
}

impl Inspect {
    /// Does it.
    ///
    /// # Errors
    /// The server cannot be reached, or answers with an error; it was interrupted.
    pub(super) async fn run(self, shell: &Shell) -> Result {
        match self {
            Self::Tools(command) => until_interrupted(command.run(shell)).await,
            // The first Ctrl-C is for the call.
            Self::Call(command) => command.run(shell).await,
            Self::Tasks(command) => until_interrupted(command.run(shell)).await,
            Self::Task(command) => until_interrupted(command.run(shell)).await,
            Self::Answer(command) => until_interrupted(command.run(shell)).await,
            Self::Cancel(command) => until_interrupted(command.run(shell)).await,
            Self::Resources(command) => until_interrupted(command.run(shell)).await,
            Self::Read(command) => until_interrupted(command.run(shell)).await,
            Self::Prompts(command) => until_interrupted(command.run(shell)).await,
            Self::Prompt(command) => until_interrupted(command.run(shell)).await,
        }
    }
}

/// Options of every command.
#[derive(Args, Clone, Debug)]
struct Common {
    /// Write everything the server answered, as JSON.
    #[arg(long)]
    json: bool,
    /// Wait so long for the server at `--url` to come up.
    #[arg(long, value_name = "SECONDS", requires = "url", default_value_t = 0, hide_default_value = true)]
    wait: u16,
    #[command(flatten)]
    target: TargetArgs,
}

impl Common {
    /// Connects to the server.
    ///
    /// # Errors
    /// As [`TargetArgs::connect`].
    async fn connect(&self, client: ClientBuilder, shell: &Shell) -> Result<Connected> {
        self.target.connect_within(Duration::from_secs(self.wait.into()), client, shell).await
    }

    /// An error of a request about a task, in words for people.
    async fn explain_task(&self, server: &mut Connected, error: ClientError) -> Error {
        let is_unknown = matches!(&error, ClientError::Rpc(error) if error.code == code::INVALID_PARAMS);
        let error = server.explain(error).await;
        if !is_unknown {
            return error;
        }
        let [options, command] = self.target.again();
        let tasks = [vec!["cargo pmcp inspect tasks".to_owned()], options, command].concat().join(" ");
        error.help(format!(
            "an id is written whole; a task may also be another caller's, or have expired, or have ended with a server that kept it in memory. \
             `{tasks}` lists yours, where the server does"
        ))
    }
}

/// The client, as it introduces itself: one that shows widgets is told of them.
fn client() -> ClientBuilder {
    Client::builder("cargo-pmcp", env!("CARGO_PKG_VERSION"))
        .extension(UI_EXTENSION, json!({ "mimeTypes": [UI_MIME_TYPE] }))
}

/// The error of a name that the server does not have.
fn unknown<'a>(kind: &str, given: &str, names: impl IntoIterator<Item = &'a str>) -> Error {
    let names: Vec<_> = names.into_iter().collect();
    let error = Error::usage(format!("the server has no {kind} `{given}`"));
    match meant(given, names.iter().copied()) {
        Some(meant) => error.help(format!("did you mean `{}`?", line(meant))),
        None if names.is_empty() => error,
        None => error.help(format!("it has {}", quoted(names))),
    }
}
