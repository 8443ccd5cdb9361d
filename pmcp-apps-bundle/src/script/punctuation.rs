//! Punctuation: what opens, closes, separates, assigns and computes.

use super::bytes::{name_end, number_end};
use super::frames::{
    AFTER_ASYNC, ASYNC, DEFAULT, EXPORTS, FOR, Frame, GENERATOR, IMPORT, Kind, MEDIA, ROOT, Role, SCOPE, State,
};
use super::scan::{Edit, Head, Previous, SETTLE, Scanner};

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
    fn first(&self) -> State {
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
                }
                self.assign_source();
            }
        }
        self.state = State::Operand;
        self.previous = Previous::Other;
    }

    /// The name before stands for member and value, `{ name }`.
    fn shorthand(&mut self) {
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

    /// `=>`: what is before are parameters.
    fn begin_arrow(&mut self) {
        let (start, is_async) = match self.previous {
            Previous::Closed => (self.last.open, self.last.flags & AFTER_ASYNC != 0),
            previous => (self.name_start, previous == Previous::AsyncParameter),
        };
        let scope = self.names.begin(start);
        match self.previous {
            Previous::Closed => self.names.declare_candidates(self.last.candidates, scope),
            Previous::Name(Role::Candidate) => {
                self.names.candidates.pop();
                self.names.declare(start, self.name_end, scope);
            }
            Previous::Name(_) | Previous::AsyncParameter => self.names.declare(start, self.name_end, scope),
            _ => {}
        }
        self.arrow = (scope, if is_async { ASYNC } else { 0 });
        self.at += 2;
        self.state = State::Arrow;
        self.previous = Previous::Other;
    }

    /// An arrow function's body without braces begins before this token.
    pub(super) fn concise(&mut self) {
        self.enter_arrow(Kind::Concise, State::Operator);
        self.state = State::Operand;
    }

    fn enter_arrow(&mut self, kind: Kind, after: State) {
        let (scope, flags) = self.arrow;
        self.push(kind, after, Role::Use, SCOPE);
        self.top.flags = SCOPE | flags;
        self.top.scope = scope;
        self.top.function = scope;
    }

    fn parenthesis(&mut self) {
        match self.state {
            State::Head => {
                let of_for = if self.head == Head::For { FOR } else { 0 };
                self.push(Kind::Head, State::Start, Role::Candidate, ROOT | of_for);
                if self.head != Head::Plain {
                    let scope = self.names.begin(self.at);
                    self.top.scope = scope;
                    self.top.target = scope;
                    self.loose.push((scope, self.stack.len().saturating_sub(1)));
                    if self.head == Head::Catch {
                        self.top.role = Role::Declared;
                    }
                }
                self.state = State::Element;
            }
            State::AfterKey => {
                let after = if self.top.kind == Kind::Class { State::Key } else { State::Operator };
                self.begin_function(self.at, after, self.modifiers);
                self.modifiers = 0;
                self.parameters();
            }
            State::Operator if self.top.kind == Kind::FunctionHead => self.parameters(),
            State::Operator | State::Member => {
                if matches!(self.previous, Previous::Async(_)) && !self.newline {
                    self.push(Kind::Group, State::Operator, Role::Candidate, ROOT | AFTER_ASYNC);
                    self.state = State::Element;
                } else {
                    self.push(Kind::Arguments, State::Operator, Role::Use, 0);
                    self.state = State::Operand;
                    self.call();
                }
            }
            _ => {
                self.push(Kind::Group, State::Operator, Role::Candidate, ROOT);
                self.state = State::Element;
            }
        }
        self.at += 1;
        self.previous = Previous::Other;
    }

    /// A function begins, whose parameters and body are one scope.
    pub(super) fn begin_function(&mut self, start: usize, after: State, flags: u16) {
        let scope = self.names.begin(start);
        self.push(Kind::FunctionHead, after, Role::Declared, SCOPE);
        self.top.flags = SCOPE | flags;
        self.top.scope = scope;
        self.top.function = scope;
        self.top.target = scope;
    }

    fn parameters(&mut self) {
        self.settle_anonymous();
        self.push(Kind::Parameters, State::Body, Role::Declared, 0);
        self.state = State::Element;
    }

    fn bracket(&mut self) {
        match self.state {
            State::Operator | State::Member => self.push(Kind::Index, State::Operator, Role::Use, 0),
            State::Key | State::AfterKey => {
                self.modifier();
                self.push(Kind::Index, State::AfterKey, Role::Use, 0);
            }
            State::Element => self.push(Kind::Array, State::Operator, self.top.role, self.root()),
            _ => self.push(Kind::Array, State::Operator, Role::Candidate, ROOT),
        }
        self.at += 1;
        self.state = self.first();
        self.previous = Previous::Other;
    }

    /// The flag of a pattern: parentheses around it end it, as no pattern has them around another.
    fn root(&self) -> u16 {
        (if self.top.kind == Kind::Head { ROOT } else { 0 }) | (self.top.flags & EXPORTS)
    }

    fn brace(&mut self) {
        self.previous = Previous::Other;
        match self.state {
            State::Start | State::Head => self.block(),
            State::Arrow => {
                self.enter_arrow(Kind::Function, State::ArrowEnd);
                self.state = State::Start;
            }
            State::Body if self.top.kind == Kind::FunctionHead => {
                self.top.kind = Kind::Function;
                self.top.role = Role::Use;
                self.top.open = self.at;
                self.state = State::Start;
            }
            State::AfterKey if self.top.kind == Kind::Class => {
                self.begin_function(self.at, State::Key, 0);
                self.top.kind = Kind::Function;
                self.top.role = Role::Use;
                self.state = State::Start;
            }
            State::Operator if self.top.kind == Kind::ClassHead => {
                self.settle_anonymous();
                self.top.kind = Kind::Class;
                self.top.open = self.at;
                self.state = State::Key;
                self.modifiers = 0;
            }
            State::Operator => {
                self.end_statement();
                self.block();
            }
            state => {
                let (role, flags) =
                    if state == State::Element { (self.top.role, self.root()) } else { (Role::Candidate, ROOT) };
                self.push(Kind::Object, State::Operator, role, flags);
                self.state = State::Key;
                self.modifiers = 0;
                self.media();
            }
        }
        self.at += 1;
    }

    fn block(&mut self) {
        let of_loop = self.loose.last().filter(|(_, depth)| *depth == self.stack.len() && self.last_is_head()).copied();
        self.push(Kind::Block, State::Start, Role::Use, SCOPE);
        self.top.scope = if let Some((scope, _)) = of_loop {
            self.loose.pop();
            scope
        } else {
            self.names.begin(self.at)
        };
        self.state = State::Start;
    }

    /// The brackets behind `at` are closed.
    pub(super) fn closed(&mut self) {
        let kind = self.top.kind;
        if kind == Kind::Object {
            self.shorthand();
        }
        let frame = self.pop();
        self.state = frame.after;
        self.previous = Previous::Other;
        match kind {
            Kind::Group | Kind::Array | Kind::Object => {
                self.last = frame;
                self.previous = Previous::Closed;
                self.pending |= SETTLE;
            }
            Kind::Head => {
                self.last = frame;
                self.names.settle(frame.candidates, false, self.top.function != 0);
            }
            Kind::Substitution => {
                let opened = frame.open;
                self.chunk(opened);
            }
            Kind::Arguments if frame.flags & IMPORT != 0 => self.end_import(),
            Kind::Function | Kind::Class => self.end_definition(&frame),
            _ => {}
        }
    }

    fn end_definition(&mut self, frame: &Frame) {
        // Nothing that is edited can be within it.
        if frame.flags & DEFAULT != 0
            && let Some(Edit::Anonymous(_, end)) = self.edits.last_mut()
        {
            *end = self.at;
        }
    }

    fn last_is_head(&self) -> bool {
        self.last.kind == Kind::Head
    }

    /// Declares a name where these brackets declare.
    pub(super) fn declare(&mut self, start: usize, end: usize) {
        self.names.declare(start, end, self.top.target);
        if self.top.flags & EXPORTS != 0 {
            self.export_local(start, end);
        }
    }

    fn media(&mut self) {
        if self.stack.last().is_some_and(|outer| outer.kind == Kind::Arguments && outer.flags & MEDIA != 0) {
            self.top.flags |= MEDIA;
        }
    }
}
