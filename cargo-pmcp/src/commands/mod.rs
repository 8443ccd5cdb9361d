//! The commands: a file each, with its arguments and what it does.

mod completions;
mod inspect;

use clap::Subcommand;

use crate::{error::Result, shell::Shell};

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(subcommand)]
    Inspect(inspect::Inspect),
    Completions(completions::Completions),
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// It failed, or somebody interrupted it.
    pub(crate) async fn run(self, shell: &Shell) -> Result {
        match self {
            Self::Inspect(command) => command.run(shell).await,
            Self::Completions(command) => command.run(),
        }
    }
}
