//! `cargo pmcp completions`.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::{cli::Cli, error::Result, shell};

/// Write the script that completes `cargo-pmcp` in a shell.
#[derive(Args, Debug)]
pub(crate) struct Completions {
    /// The shell.
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self) -> Result {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "cargo-pmcp", &mut script);
        shell::write_out(&script)
    }
}
