//! A part of the terminal that is written anew, and the colours of what is in it.

use std::io::{self, IsTerminal as _, Write as _};

use anstyle::{AnsiColor, Style};
use terminal_size::{Height, terminal_size_of};

use crate::error::{Error, Result};

/// A line that is drawn: its text, which moves nothing by itself, and its colour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) text: String,
    pub(crate) style: Style,
}

/// Something that somebody should do something about, something that went wrong, and what is over.
pub(crate) const WAITS: Style = AnsiColor::Yellow.on_default();
pub(crate) const FAILED: Style = AnsiColor::Red.on_default();
pub(crate) const OVER: Style = Style::new().dimmed();

impl Line {
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), style: Style::new() }
    }
}

/// The lines on standard output that were drawn last.
#[derive(Debug, Default)]
pub(crate) struct Screen {
    drawn: usize,
}

impl Screen {
    /// Tells whether there is one: standard output is a terminal.
    pub(crate) fn is_there() -> bool {
        io::stdout().is_terminal()
    }

    /// Draws these lines in the place of those before, as many as the terminal shows. The last one is always shown.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub(crate) fn draw(&mut self, lines: &[Line]) -> Result {
        let height = terminal_size_of(io::stdout()).map_or(usize::MAX, |(_, Height(height))| usize::from(height));
        let frame = frame(self.drawn, lines, height);
        self.drawn = lines.len().min(shown(height));
        write(&frame)
    }
}

/// Writes lines in their colours.
///
/// # Errors
/// Standard output cannot be written.
pub(crate) fn write_lines(lines: &[Line]) -> Result {
    write(&lines.iter().map(|line| painted(line) + "\n").collect::<String>())
}

fn painted(Line { text, style }: &Line) -> String {
    format!("{style}{text}{style:#}")
}

/// Lines that a terminal shows of which the cursor is in the last.
fn shown(height: usize) -> usize {
    height.saturating_sub(1).max(1)
}

/// The text that replaces the lines that were drawn. Lines are cut where the terminal ends, not wrapped, so that each takes one.
fn frame(drawn: usize, lines: &[Line], height: usize) -> String {
    let room = shown(height);
    let kept = match lines {
        [first @ .., last] if lines.len() > room => first.iter().take(room - 1).chain([last]).collect(),
        lines => lines.iter().collect::<Vec<_>>(),
    };
    let up = if drawn == 0 { String::new() } else { format!("\x1b[{drawn}A") };
    let text: String = kept.into_iter().map(|line| painted(line) + "\x1b[K\n").collect();
    format!("\r{up}\x1b[?7l{text}\x1b[J\x1b[?7h")
}

fn write(text: &str) -> Result {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // A reader that has gone wants no more of it.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::because("standard output cannot be written", &error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(texts: &[&str]) -> Vec<Line> {
        texts.iter().map(|text| Line::plain(*text)).collect()
    }

    #[test]
    fn lines_take_the_place_of_those_before() {
        assert_eq!(frame(0, &lines(&["a", "b"]), 24), "\r\x1b[?7la\x1b[K\nb\x1b[K\n\x1b[J\x1b[?7h");
        assert_eq!(frame(2, &lines(&["c"]), 24), "\r\x1b[2A\x1b[?7lc\x1b[K\n\x1b[J\x1b[?7h");
    }

    #[test]
    fn no_more_is_drawn_than_the_terminal_shows() {
        let frame = frame(0, &lines(&["a", "b", "c", "last"]), 4);
        assert!(frame.contains("a\x1b[K\nb\x1b[K\nlast") && !frame.contains("c\x1b"), "{frame:?}");
    }
}
