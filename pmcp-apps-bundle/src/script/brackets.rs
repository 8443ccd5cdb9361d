//! Brackets: what they open, and what is around them again when they close.

use super::facts::Edit;
use super::frames::{AFTER_ASYNC, ASYNC, DEFAULT, EXPORTS, FOR, Frame, IMPORT, Kind, MEDIA, ROOT, Role, SCOPE, State};
use super::scanner::{Head, Previous, SETTLE, Scanner};

impl Scanner<'_> {
    /// `=>`: what is before are parameters.
    pub(super) fn begin_arrow(&mut self) {
        let (start, is_async) = match self.previous {
            Previous::Closed => (self.last.open, self.last.flags & AFTER_ASYNC != 0),
            previous => (self.name_start, previous == Previous::AsyncParameter),
        };
        let scope = self.names.begin(start);
        self.names.take_parameters(start, self.at);
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

    pub(super) fn parenthesis(&mut self) {
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

    pub(super) fn bracket(&mut self) {
        match self.state {
            State::Operator | State::Member => self.push(Kind::Index, State::Operator, Role::Use, 0),
            State::Key | State::AfterKey => {
                self.modifier();
                let outer = self.stack.last().map_or(self.top.function, |outer| outer.function);
                let is_of_class = self.top.kind == Kind::Class;
                self.push(Kind::Index, State::AfterKey, Role::Use, 0);
                if is_of_class {
                    // It is computed once, with the class.
                    self.top.function = outer;
                }
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

    pub(super) fn brace(&mut self) {
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
                // What is before the braces happens at once, what is within them whenever an object is made.
                self.top.function = self.top.scope;
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

    /// Closes brackets.
    pub(super) fn close(&mut self, byte: u8) {
        while self.top.kind.closer() == 0 && self.top.kind != Kind::Top {
            self.pop();
        }
        let closer = self.top.kind.closer();
        if closer == 0 {
            self.fail(self.at, format!("`{}` closes nothing", byte as char), "remove it, or add what it closes");
            return;
        }
        if closer != byte {
            self.never_closed(self.top.open, closer);
            return;
        }
        self.at += 1;
        self.closed();
    }

    fn media(&mut self) {
        if self.stack.last().is_some_and(|outer| outer.kind == Kind::Arguments && outer.flags & MEDIA != 0) {
            self.top.flags |= MEDIA;
        }
    }
}
