//! Lines of bytes, none longer than it may be.

use memchr::memchr;
use pmcp_tasks::heard::tell;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// A line that was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A line without its end.
    Whole(Vec<u8>),
    /// A line that was longer than it may be; it was skipped.
    TooLong,
}

/// Reads lines; a line that is too long is not kept.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    reader: BufReader<R>,
    line: Vec<u8>,
    too_long: bool,
    max: usize,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(crate) fn new(reader: R, max: usize) -> Self {
        Self { reader: BufReader::new(reader), line: Vec::new(), too_long: false, max }
    }

    /// The next line, the last one with or without an end; `None` when there is none. Nothing is lost if it is dropped.
    pub(crate) async fn next(&mut self) -> Option<Line> {
        loop {
            let buffer = match self.reader.fill_buf().await {
                Ok(buffer) => buffer,
                Err(error) => {
                    // A reader that fails has no more lines.
                    tell(|| tracing::warn!(error = &error as &dyn std::error::Error, "the client cannot be read"));
                    return None;
                }
            };
            let end = memchr(b'\n', buffer);
            let ended = end.is_some() || buffer.is_empty();
            let part = &buffer[..end.unwrap_or(buffer.len())];
            if self.line.len() + part.len() > self.max {
                self.too_long = true;
                // Not `clear`: the memory goes, too.
                self.line = Vec::new();
            }
            if !self.too_long {
                self.line.extend_from_slice(part);
            }
            let (used, at_end) = (part.len() + usize::from(end.is_some()), buffer.is_empty());
            self.reader.consume(used);
            if ended {
                let line = std::mem::take(&mut self.line);
                return match (std::mem::take(&mut self.too_long), at_end && line.is_empty()) {
                    (true, _) => Some(Line::TooLong),
                    (false, true) => None,
                    (false, false) => Some(Line::Whole(line)),
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(text: &[u8], max: usize) -> Vec<Line> {
        let mut lines = Lines::new(text, max);
        let mut all = Vec::new();
        while let Some(line) = lines.next().await {
            all.push(line);
        }
        all
    }

    fn whole(text: &str) -> Line {
        Line::Whole(text.into())
    }

    #[tokio::test]
    async fn lines_are_told_apart_and_the_last_needs_no_end() {
        assert_eq!(lines(b"", 9).await, []);
        assert_eq!(lines(b"a\n\nb", 9).await, [whole("a"), whole(""), whole("b")]);
        assert_eq!(lines(b"a\r\n", 9).await, [whole("a\r")]);
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_skipped_alone() {
        assert_eq!(lines(b"abc\nabcd\nab", 3).await, [whole("abc"), Line::TooLong, whole("ab")]);
        let long = [vec![b'x'; 100_000], b"\nok\nyyyy".to_vec()].concat();
        assert_eq!(lines(&long, 3).await, [Line::TooLong, whole("ok"), Line::TooLong]);
    }
}
