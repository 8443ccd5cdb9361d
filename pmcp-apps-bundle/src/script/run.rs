//! The scanner's loop: token after token, with the spaces and comments between them.

use super::bytes::{CLASS, DIGIT, LINE, NAME, SPACE, WIDE, comment_end, line_end, wide_space};
use super::facts::Goal;
use super::frames::{Kind, ROOT, State};
use super::scanner::{LITERAL, OFFERED, RESTRICTED, SETTLE, Scanner, UPDATED, WHOLE};

impl<'s> Scanner<'s> {
    /// Reads the whole text, or up to its first fault: behind that all would be guesses.
    pub(super) fn run(&mut self) {
        if self.source.starts_with("#!") {
            self.at = line_end(self.bytes, 2);
        }
        let length = self.bytes.len();
        while self.at < length {
            let byte = self.bytes[self.at];
            let class = CLASS[byte as usize];
            if class == SPACE {
                self.at += 1;
                continue;
            }
            if class == LINE {
                self.newline = true;
                self.at += 1;
                continue;
            }
            if (class == WIDE || byte == b'/' || byte == b'<' || byte == b'-') && self.space(byte) {
                continue;
            }
            if self.pending != 0 {
                self.before(byte);
            }
            if self.state == State::ArrowEnd {
                if self.newline {
                    self.end_statement();
                } else {
                    self.state = State::Operator;
                }
            } else if self.state == State::Arrow && byte != b'{' {
                self.concise();
            }
            match class {
                NAME | WIDE => self.word(),
                DIGIT => self.number(),
                _ => self.punctuation(byte),
            }
            if self.fault.is_some() {
                return;
            }
            self.previous_end = self.at;
            self.newline = false;
        }
        if self.pending != 0 {
            self.before(b';');
        }
        while self.top.kind.closer() == 0 && self.top.kind != Kind::Top {
            self.pop();
        }
        if let Some(closer) = Some(self.top.kind.closer()).filter(|closer| *closer != 0) {
            self.never_closed(self.top.open, closer);
        }
    }

    /// A wide space or a comment, if it is one.
    pub(super) fn space(&mut self, byte: u8) -> bool {
        let next = self.bytes.get(self.at + 1);
        match (byte, next) {
            (b'/', Some(b'/')) => self.comment_line(),
            (b'/', Some(b'*')) => {
                let start = self.at;
                let (end, lines) = comment_end(self.bytes, start + 2);
                if !end.closed {
                    self.fail(start, "this comment is never closed", "add `*/`");
                }
                self.newline |= lines;
                self.at = end.at;
            }
            // Comments of the time when browsers did not know scripts. Modules are younger.
            (b'<', Some(b'!')) if self.goal == Goal::Script && self.rest().starts_with(b"<!--") => self.comment_line(),
            (b'-', Some(b'-')) if self.goal == Goal::Script && self.newline && self.rest().starts_with(b"-->") => {
                self.comment_line();
            }
            (0x80.., _) => {
                let (length, line) = wide_space(self.bytes, self.at);
                self.at += length;
                self.newline |= line;
                return length > 0;
            }
            _ => return false,
        }
        true
    }

    fn comment_line(&mut self) {
        self.at = line_end(self.bytes, self.at + 2);
    }

    fn rest(&self) -> &'s [u8] {
        &self.bytes[self.at..]
    }

    /// What was open before this token is decided by it.
    fn before(&mut self, byte: u8) {
        let pending = std::mem::take(&mut self.pending);
        let next = self.bytes.get(self.at + 1).copied().unwrap_or_default();
        if pending & (LITERAL | WHOLE) != 0 {
            self.literal(pending & WHOLE != 0, byte);
        }
        if pending & RESTRICTED != 0 && self.newline {
            self.end_statement();
        }
        if pending & (UPDATED | OFFERED) != 0 {
            let has_member = matches!(byte, b'.' | b'[' | b'(' | b'`') || (byte == b'?' && next == b'.');
            if has_member && pending & OFFERED != 0 {
                self.names.candidates.pop();
            }
            if !has_member && pending & UPDATED != 0 {
                self.write();
            }
        }
        if pending & SETTLE != 0 {
            let later = self.top.function != 0;
            let first = self.last.candidates;
            let is_target =
                (byte == b'=' && next != b'=') || (self.top.kind == Kind::Head && matches!(byte, b'o' | b'i'));
            if byte == b'=' && next == b'>' {
                // Parameters, which the arrow declares.
            } else if self.last.flags & ROOT != 0 {
                self.names.settle(first, is_target, later);
            } else if is_target {
                self.names.assign(first);
            }
        }
    }
}
