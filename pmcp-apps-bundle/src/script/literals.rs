//! Literals: numbers, strings, templates and regular expressions.

use super::bytes::{chunk_end, number_end, regex_end, string_end};
use super::facts::Piece;
use super::frames::{ASYNC, Kind, Role, State};
use super::scanner::{Previous, Scanner, WHOLE};

impl Scanner<'_> {
    pub(super) fn number(&mut self) {
        if self.state == State::Operator && self.newline {
            self.end_statement();
        }
        self.at = number_end(self.bytes, self.at);
        self.operand();
    }

    /// A literal ends here.
    pub(super) fn operand(&mut self) {
        self.state = match self.state {
            State::Key => State::AfterKey,
            State::AfterKey => {
                self.modifier();
                State::AfterKey
            }
            _ => State::Operator,
        };
        self.previous = Previous::Other;
    }

    pub(super) fn string(&mut self) {
        let start = self.at;
        if self.state == State::Operator && self.newline {
            self.end_statement();
        }
        let end = string_end(self.bytes, start);
        if !end.closed {
            let quote = self.bytes[start] as char;
            self.fail(start, "this string is never closed", format!("add `{quote}`, or write a template"));
            return;
        }
        self.at = end.at;
        if let Some(pieces) = &mut self.pieces {
            pieces.push(Piece::String(start, end.at));
        }
        self.uses.string(self.bytes, start, end.at);
        self.operand();
    }

    /// A chunk of a template, which begins here.
    pub(super) fn chunk(&mut self, opened: usize) {
        let start = self.at;
        let end = chunk_end(self.bytes, start);
        if !end.closed {
            self.fail(opened, "this template is never closed", "add `` ` ``");
            return;
        }
        self.at = end.at;
        let is_last = self.bytes[end.at - 1] == b'`';
        self.uses.string(self.bytes, start.saturating_sub(1), end.at);
        if let Some(pieces) = &mut self.pieces {
            pieces.push(Piece::Chunk(start, end.at - if is_last { 1 } else { 2 }));
        }
        if is_last {
            self.state = State::Operator;
            self.previous = Previous::Other;
        } else {
            self.pending &= !WHOLE;
            self.push(Kind::Substitution, State::Operator, Role::Use, 0);
            self.top.open = opened;
            self.state = State::Operand;
            self.previous = Previous::Other;
        }
    }

    pub(super) fn regex(&mut self) {
        let start = self.at;
        let end = regex_end(self.bytes, start);
        if !end.closed {
            self.fail(start, "this regular expression is never closed", "add `/`");
            return;
        }
        self.at = end.at;
        if let Some(pieces) = &mut self.pieces {
            pieces.push(Piece::Regex(start, end.at));
        }
        self.operand();
    }

    /// Takes `async` before the name of a member for what it is.
    pub(super) fn modifier(&mut self) {
        if self.previous == Previous::Property && &self.bytes[self.name_start..self.name_end] == b"async" {
            self.modifiers |= ASYNC;
        }
    }
}
