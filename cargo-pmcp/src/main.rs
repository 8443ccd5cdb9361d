//! `cargo pmcp`: the command line for servers of the Model Context Protocol.
//!
//! A command is a file of [`commands`]: its arguments and what it does. It tells what it is at on standard error, through [`shell`], and
//! writes data to standard output. Whatever goes wrong is an [`error`] with a help and an exit code.

mod arguments;
mod browser;
mod check;
mod cli;
mod commands;
mod error;
mod form;
mod interrupt;
mod output;
mod publish;
mod questions;
mod scaffold;
mod screen;
mod shell;
mod stage;
mod target;
mod text;
mod usage;
mod watch;

use std::process::ExitCode;

use crate::{cli::Cli, error::Error, shell::Shell};

fn main() -> ExitCode {
    let cli = match Cli::from_args(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => return usage::tell(error),
    };
    cli.color.apply();
    let shell = Shell::new(cli.quiet);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return shell::fail(&Error::failed(format!("there are no threads: {error}"))),
    };
    let ended = runtime.block_on(cli.command.run(&shell));
    // What still runs, such as a read of standard input, ends with the process.
    runtime.shutdown_background();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => shell::fail(&error),
    }
}
