//! The terminal: words on standard error, data on standard output.

use std::{
    io::{self, Write as _},
    iter,
    process::ExitCode,
};

use anstyle::{AnsiColor, Style};

use crate::error::{Error, Result};

/// The column at which the words about what happens end.
const WIDTH: usize = 12;

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const CARE: Style = AnsiColor::Yellow.on_default().bold();
const HELP: Style = AnsiColor::Cyan.on_default().bold();

/// The terminal of whoever typed the command.
#[derive(Debug)]
pub(crate) struct Shell {
    is_quiet: bool,
}

impl Shell {
    /// A shell that tells everything, or errors only.
    pub(crate) fn new(is_quiet: bool) -> Self {
        Self { is_quiet }
    }

    /// Tells what happens: a word such as `Building`, and about what.
    pub(crate) fn status(&self, word: &str, text: &str) {
        if !self.is_quiet {
            write_err(&format!("{GOOD}{word:>WIDTH$}{GOOD:#} {text}\n"));
        }
    }

    /// Tells that something is not as it should be, though work goes on.
    pub(crate) fn warn(&self, text: &str) {
        if !self.is_quiet {
            write_err(&format!("{CARE}warning{CARE:#}: {text}\n"));
        }
    }
}

/// Tells what ended a command, and gives its exit code.
pub(crate) fn fail(error: &Error) -> ExitCode {
    if let Some(message) = &error.message {
        write_err(&problem(message, &error.help));
    }
    ExitCode::from(error.exit as u8)
}

/// `error: …` with its `help: …`, in colours.
pub(crate) fn problem(message: &str, help: &[String]) -> String {
    let help = help.iter().map(|help| format!("{HELP}help{HELP:#}: {help}\n"));
    iter::once(format!("{BAD}error{BAD:#}: {message}\n")).chain(help).collect()
}

fn write_err(text: &str) {
    // A reader that has gone wants no more words.
    let _ = anstream::stderr().write_all(text.as_bytes());
}

/// Writes data to standard output.
///
/// # Errors
/// It cannot be written; a reader that has gone wants no more of it, and is none.
pub(crate) fn write_out(data: &[u8]) -> Result {
    let mut out = io::stdout().lock();
    match out.write_all(data).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::because("standard output cannot be written", &error))
        }
        _ => Ok(()),
    }
}
