//! Lines that wait for one reader, and for no more of them than it can be kept waiting for.

use std::{collections::VecDeque, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::Notify;

/// Bytes that wait for a reader before it misses what comes.
const MOST: usize = 8 << 20;
/// Lines that do.
const LINES: usize = 20_000;

/// Lines that wait for one reader.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    more: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: VecDeque<Arc<str>>,
    bytes: usize,
    missed: u64,
}

/// A line, or that there were some.
#[derive(Debug, PartialEq)]
pub(crate) enum Read {
    Line(Arc<str>),
    /// So many lines were not kept.
    Missed(u64),
}

impl Queue {
    /// Adds a line; a reader that does not keep up misses it.
    pub(crate) fn push(&self, line: Arc<str>) {
        let mut waiting = self.waiting.lock();
        let is_full = waiting.lines.len() >= LINES || waiting.bytes + line.len() > MOST;
        if is_full && !waiting.lines.is_empty() {
            waiting.missed += 1;
        } else {
            waiting.bytes += line.len();
            waiting.lines.push_back(line);
        }
        drop(waiting);
        self.more.notify_one();
    }

    /// The next line. Only one reads.
    pub(crate) async fn next(&self) -> Read {
        loop {
            if let Some(read) = self.take() {
                return read;
            }
            self.more.notified().await;
        }
    }

    fn take(&self) -> Option<Read> {
        let mut waiting = self.waiting.lock();
        if let Some(line) = waiting.lines.pop_front() {
            waiting.bytes -= line.len();
            return Some(Read::Line(line));
        }
        let missed = std::mem::take(&mut waiting.missed);
        (missed > 0).then_some(Read::Missed(missed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_slow_reader_is_told_how_much_it_missed() {
        let queue = Queue::default();
        let line: Arc<str> = "x".repeat(MOST / 4).into();
        for _ in 0..6 {
            queue.push(line.clone());
        }
        for _ in 0..4 {
            assert_eq!(queue.next().await, Read::Line(line.clone()));
        }
        assert_eq!(queue.next().await, Read::Missed(2));
        queue.push("y".into());
        assert_eq!(queue.next().await, Read::Line("y".into()));
    }

    #[tokio::test]
    async fn one_line_is_never_too_long_for_an_empty_queue() {
        let queue = Queue::default();
        let line: Arc<str> = "x".repeat(2 * MOST).into();
        queue.push(line.clone());
        assert_eq!(queue.next().await, Read::Line(line));
    }
}
