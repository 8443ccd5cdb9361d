//! The commands: a file each, with its arguments and what it does.

mod app;
mod completions;
mod deploy;
mod inspect;
mod preview;
mod tasks;

use clap::Subcommand;

use crate::{error::Result, shell::Shell};

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Preview(preview::Preview),
    #[command(subcommand)]
    App(app::App),
    #[command(subcommand)]
    Inspect(inspect::Inspect),
    Tasks(tasks::Tasks),
    #[command(subcommand)]
    Deploy(deploy::Deploy),
    Completions(completions::Completions),
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// It failed, or somebody interrupted it.
    pub(crate) async fn run(self, shell: &Shell) -> Result {
        match self {
            Self::Preview(command) => command.run(shell).await,
            Self::App(command) => command.run(shell).await,
            Self::Inspect(command) => command.run(shell).await,
            Self::Tasks(command) => command.run(shell).await,
            Self::Deploy(command) => command.run(shell),
            Self::Completions(command) => command.run(),
        }
    }
}
