//! `cargo pmcp app`: what has to do with widgets.

mod new;
mod types;

use clap::Subcommand;

use crate::{error::Result, shell::Shell};

/// Make apps and widgets.
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(crate) enum App {
    New(new::New),
    Types(types::Types),
}

impl App {
    pub(crate) async fn run(self, shell: &Shell) -> Result {
        match self {
            Self::New(command) => command.run(shell),
            Self::Types(command) => command.run(shell).await,
        }
    }
}
