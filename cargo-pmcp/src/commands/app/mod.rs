//! `cargo pmcp app`: what has to do with widgets.

mod build;
mod check;
mod new;
mod replay;
mod shot;
mod types;

use clap::Subcommand;

use crate::{error::Result, shell::Shell};

/// Make apps and widgets.
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(crate) enum App {
    Check(check::Check),
    New(new::New),
    Build(build::Build),
    Types(types::Types),
    Replay(replay::Replay),
    Shot(shot::Shot),
}

impl App {
    pub(crate) async fn run(self, shell: &Shell) -> Result {
        match self {
            Self::Check(command) => command.run(shell).await,
            Self::New(command) => command.run(shell),
            Self::Build(command) => command.run(shell).await,
            Self::Types(command) => command.run(shell).await,
            Self::Replay(command) => command.run(shell).await,
            Self::Shot(command) => command.run(shell).await,
        }
    }
}
