//! The commands: a file each, with its arguments and what it does.

mod completions;

use clap::Subcommand;

use crate::{error::Result, shell::Shell};

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Completions(completions::Completions),
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// It failed, or somebody interrupted it.
    pub(crate) async fn run(self, _shell: &Shell) -> Result {
        match self {
            Self::Completions(command) => command.run(),
        }
    }
}
