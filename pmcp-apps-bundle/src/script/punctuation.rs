//! Punctuation: what separates, assigns and computes.

use super::bytes::{name_end, number_end};
use super::frames::{EXPORTS, GENERATOR, Kind, Role, State};
use super::scanner::{Previous, Scanner};

impl Scanner<'_> {
    pub(super) fn punctuation(&mut self, byte: u8) {
        match byte {
            b'.' => self.point(),
            b',' => self.comma(),
            b'(' => self.parenthesis(),
            b')' | b'}' | b']' => self.close(byte),
            b'{' => self.brace(),
            b';' => self.semicolon(),
            b'"' | b'\'' => self.string(),
            b'[' => self.bracket(),
            b'=' => self.equals(),
            b':' => self.colon(),
            b'?' => self.question(),
            b'`' => {
                let opened = self.at;
                self.at += 1;
                self.chunk(opened);
            }
            b'/' => self.slash(),
            b'+' | b'-' => self.sign(byte),
            b'#' => {
                self.at = name_end(self.bytes, self.at + 1);
                if self.state == State::Operator {
                    self.end_statement();
                }
                self.operand();
                self.previous = Previous::Property;
                // It is no name to declare or to test.
                self.name_end = self.name_start;
            }
            b'*' | b'%' | b'&' | b'|' | b'^' | b'<' | b'>' | b'!' | b'~' => self.operator(byte),
            _ => self.at += 1,
        }
    }

    fn point(&mut self) {
        if self.bytes.get(self.at + 1) == Some(&b'.') && self.bytes.get(self.at + 2) == Some(&b'.') {
            self.at += 3;
            self.state = if self.top.role == Role::Use { State::Operand } else { State::Element };
            self.previous = Previous::Other;
        } else if self.state != State::Operator && self.bytes.get(self.at + 1).is_some_and(u8::is_ascii_digit) {
            self.at = number_end(self.bytes, self.at);
            self.operand();
        } else {
            self.at += 1;
            self.uses.follow(self.previous_end, self.at);
            self.state = State::Member;
        }
    }

    /// The first of an expression, or of a pattern where these brackets may be one.
    pub(super) fn first(&self) -> State {
        if self.top.role == Role::Use { State::Operand } else { State::Element }
    }

    fn comma(&mut self) {
        self.pop_concise();
        self.at += 1;
        if self.top.kind == Kind::Object {
            self.shorthand();
            self.state = State::Key;
            self.modifiers = 0;
        } else {
            self.state = self.first();
        }
        self.previous = Previous::Other;
    }

    fn semicolon(&mut self) {
        self.pop_concise();
        match self.top.kind {
            Kind::Top | Kind::Block | Kind::Function => {
                self.end_declaration();
                self.state = State::Start;
            }
            Kind::Class => {
                self.state = State::Key;
                self.modifiers = 0;
            }
            _ => {
                self.top.role = Role::Use;
                self.state = State::Operand;
            }
        }
        self.at += 1;
        self.previous = Previous::Other;
    }

    fn colon(&mut self) {
        self.at += 1;
        self.previous = Previous::Other;
        if self.state == State::AfterKey {
            self.state = self.first();
            return;
        }
        while self.top.conditions == 0 && self.top.kind == Kind::Concise {
            self.pop();
        }
        if self.top.conditions > 0 {
            self.top.conditions -= 1;
            self.state = State::Operand;
        } else if self.top.kind.has_statements() {
            self.state = State::Start;
        } else {
            self.state = State::Operand;
        }
    }

    fn question(&mut self) {
        let next = self.bytes.get(self.at + 1).copied().unwrap_or_default();
        let is_digit = self.bytes.get(self.at + 2).is_some_and(u8::is_ascii_digit);
        if next == b'.' && !is_digit {
            self.at += 2;
            self.uses.follow(self.previous_end, self.at);
            self.state = State::Member;
            return;
        }
        if next == b'?' {
            self.at += 2;
            if self.bytes.get(self.at) == Some(&b'=') {
                self.at += 1;
                self.assigned();
            }
        } else {
            self.at += 1;
            self.top.conditions += 1;
        }
        self.state = State::Operand;
        self.previous = Previous::Other;
    }

    fn slash(&mut self) {
        match self.state {
            State::Operator | State::AfterKey | State::Member => {
                self.at += 1;
                if self.bytes.get(self.at) == Some(&b'=') {
                    self.at += 1;
                    self.assigned();
                }
                self.state = State::Operand;
                self.previous = Previous::Other;
            }
            _ => self.regex(),
        }
    }

    fn sign(&mut self, byte: u8) {
        let next = self.bytes.get(self.at + 1).copied().unwrap_or_default();
        if next != byte {
            self.operator(byte);
            return;
        }
        self.at += 2;
        if self.state == State::Operator && !self.newline {
            if matches!(self.previous, Previous::Name(_)) {
                self.write();
            }
            self.previous = Previous::Other;
            return;
        }
        if self.state == State::Operator {
            self.end_statement();
        }
        self.state = State::Operand;
        self.previous = Previous::Update;
    }

    fn operator(&mut self, byte: u8) {
        self.at += 1;
        if byte == b'*' {
            match self.state {
                State::Key | State::AfterKey => {
                    self.modifier();
                    self.modifiers |= GENERATOR;
                    self.state = State::Key;
                    return;
                }
                State::Operator if self.top.kind == Kind::FunctionHead => {
                    self.top.flags |= GENERATOR;
                    return;
                }
                _ => {}
            }
        }
        if matches!(byte, b'!' | b'~') && self.state == State::Operator && self.newline {
            self.end_statement();
        }
        let start = self.at;
        if matches!(byte, b'*' | b'&' | b'|' | b'<' | b'>') {
            while self.bytes.get(self.at) == Some(&byte) {
                self.at += 1;
            }
        }
        if self.bytes.get(self.at) == Some(&b'=') {
            let compares = byte == b'!' || (matches!(byte, b'<' | b'>') && self.at == start);
            self.at += 1;
            if self.bytes.get(self.at) == Some(&b'=') {
                self.at += 1;
            } else if !compares {
                self.assigned();
            }
        }
        self.state = State::Operand;
        self.previous = Previous::Other;
    }

    /// The expression before is assigned to.
    fn assigned(&mut self) {
        match self.previous {
            Previous::Name(Role::Use) => self.write(),
            Previous::Name(Role::Candidate) => self.names.assign(self.names.candidates.len().saturating_sub(1)),
            _ => {}
        }
    }

    fn equals(&mut self) {
        match self.bytes.get(self.at + 1) {
            Some(b'=') => {
                self.at += 2;
                if self.bytes.get(self.at) == Some(&b'=') {
                    self.at += 1;
                }
            }
            Some(b'>') => {
                self.begin_arrow();
                return;
            }
            _ => {
                self.at += 1;
                if self.state == State::AfterKey {
                    self.shorthand();
                } else {
                    self.assigned();
                    self.assign_location();
                }
                self.assign_source();
            }
        }
        self.state = State::Operand;
        self.previous = Previous::Other;
    }

    /// The name before stands for member and value, `{ name }`.
    pub(super) fn shorthand(&mut self) {
        let is_name = self.state == State::AfterKey && self.previous == Previous::Property;
        if !is_name || self.top.kind != Kind::Object || self.name_end == self.name_start {
            return;
        }
        let (start, end) = (self.name_start, self.name_end);
        match self.top.role {
            Role::Declared => self.declare(start, end),
            _ => self.names.offer(start, end),
        }
    }

    /// Declares a name where these brackets declare.
    pub(super) fn declare(&mut self, start: usize, end: usize) {
        self.names.declare(start, end, self.top.target);
        if self.top.flags & EXPORTS != 0 {
            self.export_local(start, end);
        }
    }
}
