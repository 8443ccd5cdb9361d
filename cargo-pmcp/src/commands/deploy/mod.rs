//! `cargo pmcp deploy`: what a server needs where it runs.

mod template;

use clap::Subcommand;

use crate::{error::Result, shell::Shell};

/// Set up what servers need where they run.
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(crate) enum Deploy {
    Template(template::Template),
}

impl Deploy {
    pub(crate) fn run(self, shell: &Shell) -> Result {
        match self {
            Self::Template(command) => command.run(shell),
        }
    }
}
