//! The tree of commands, and the options that all of them have.

use std::ffi::OsString;

use clap::{Parser, ValueEnum};

use crate::commands::Command;

/// Servers of the Model Context Protocol: call them, and see their widgets.
#[derive(Debug, Parser)]
#[command(
    name = "cargo-pmcp",
    bin_name = "cargo pmcp",
    version,
    disable_help_subcommand = true,
    subcommand_required = true
)]
pub(crate) struct Cli {
    /// Colours on the terminal; `auto` has them there unless `NO_COLOR` is set.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
    /// Tell errors only.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Cli {
    /// Reads the arguments of the process; `cargo pmcp …` is `cargo-pmcp pmcp …`.
    ///
    /// # Errors
    /// They are no command, or ask for help.
    pub(crate) fn from_args(args: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut args: Vec<OsString> = args.into_iter().collect();
        if args.get(1).is_some_and(|first| first == "pmcp") {
            args.remove(1);
        }
        Self::try_parse_from(args)
    }
}

/// Colours on the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

impl Color {
    /// Has everything that is written from now on follow it.
    pub(crate) fn apply(self) {
        match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_tree_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn cargo_and_the_binary_itself_are_the_same() {
        for line in ["cargo-pmcp completions bash", "cargo-pmcp pmcp completions bash"] {
            let cli = Cli::from_args(line.split(' ').map(OsString::from)).unwrap();
            assert!(matches!(cli.command, Command::Completions(_)), "{line}");
        }
    }
}
