//! The terminal: words on standard error, data on standard output.

use std::{
    io::{self, IsTerminal as _, Write as _},
    iter,
    process::ExitCode,
    sync::Arc,
};

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};
use parking_lot::Mutex;

use crate::{
    error::{Error, Result},
    text,
};

/// The column at which the words about what happens end.
const WIDTH: usize = 12;
/// The columns of a terminal that does not tell.
const COLUMNS: usize = 80;

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const CARE: Style = AnsiColor::Yellow.on_default().bold();
const HELP: Style = AnsiColor::Cyan.on_default().bold();

/// The terminal of whoever typed the command. Clones are the same terminal.
#[derive(Clone, Debug)]
pub(crate) struct Shell {
    is_quiet: bool,
    /// The line that is written anew, if one is there.
    live: Arc<Mutex<Option<String>>>,
}

impl Shell {
    /// A shell that tells everything, or errors only.
    pub(crate) fn new(is_quiet: bool) -> Self {
        Self { is_quiet, live: Arc::default() }
    }

    /// Set if only errors are told.
    pub(crate) fn is_quiet(&self) -> bool {
        self.is_quiet
    }

    /// Set if words about what happens have colours.
    pub(crate) fn has_colors() -> bool {
        AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never
    }

    /// Tells what happens: a word such as `Building`, and about what.
    pub(crate) fn status(&self, word: &str, text: &str) {
        self.end_live();
        self.write(&format!("{GOOD}{word:>WIDTH$}{GOOD:#} {text}\n"));
    }

    /// Tells what happens now, in place of what it told before. Where nobody looks on, each new text is a line.
    pub(crate) fn live(&self, word: &str, text: &str) {
        let told = format!("{word:>WIDTH$} {text}").trim_end().to_owned();
        let mut live = self.live.lock();
        if live.as_ref() == Some(&told) {
            return;
        }
        if io::stderr().is_terminal() {
            let columns = terminal_columns();
            let text: String = text.chars().take(columns.saturating_sub(WIDTH + 2)).collect();
            self.write(&format!("\r\x1b[2K{GOOD}{word:>WIDTH$}{GOOD:#} {text}"));
        } else {
            self.write(&format!("{told}\n"));
        }
        *live = Some(told);
    }

    /// Ends the line that is written anew; it is there no more.
    pub(crate) fn end_live(&self) {
        if self.live.lock().take().is_some() && io::stderr().is_terminal() {
            self.write("\r\x1b[2K");
        }
    }

    /// Tells that something is not as it should be, though work goes on.
    pub(crate) fn warn(&self, text: &str) {
        self.end_live();
        self.write(&format!("{CARE}warning{CARE:#}: {text}\n"));
    }

    /// Tells what a check found: an error always, a warning unless errors only are told.
    pub(crate) fn finding(&self, is_error: bool, rule: &str, message: &str, help: &str) {
        self.end_live();
        let (style, word) = if is_error { (BAD, "error") } else { (CARE, "warning") };
        let text = format!("{style}{word}[{rule}]{style:#}: {message}\n  {HELP}help{HELP:#}: {help}\n");
        if is_error { write_err(&text) } else { self.write(&text) }
    }

    /// Tells a line of cargo, but for the one that says that it has finished: what follows says so.
    pub(crate) fn pass_on_cargo(&self, line: &str) {
        let is_end = anstream::adapter::strip_str(line).to_string().trim_start().starts_with("Finished ");
        if !is_end {
            self.write(&format!("{line}\n"));
        }
    }

    /// Tells a line of a server's log.
    pub(crate) fn pass_on(&self, line: &str) {
        self.end_live();
        self.write(&format!("{:>WIDTH$} {}\n", "|", text::plain(&anstream::adapter::strip_str(line).to_string())));
    }

    /// Asks a person, who answers in a line.
    pub(crate) fn ask(&self, text: &str) {
        self.end_live();
        write_err(text);
    }

    fn write(&self, text: &str) {
        if !self.is_quiet {
            write_err(text);
        }
    }
}

fn terminal_columns() -> usize {
    terminal_size::terminal_size().map_or(COLUMNS, |(terminal_size::Width(columns), _)| columns.into())
}

/// Tells what ended a command, and gives its exit code.
pub(crate) fn fail(error: &Error) -> ExitCode {
    if let Some(message) = &error.message {
        for line in &error.lines {
            write_err(&format!("{:>WIDTH$} {}\n", "|", text::plain(line)));
        }
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

/// Writes a text of a server to standard output, and the end of its last line if it lacks one. On a terminal it moves nothing.
///
/// # Errors
/// As [`write_out`].
pub(crate) fn write_text(text: &str) -> Result {
    let mut text = if io::stdout().is_terminal() { text::plain(text) } else { text.to_owned() };
    if !(text.is_empty() || text.ends_with('\n')) {
        text.push('\n');
    }
    write_out(text.as_bytes())
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
