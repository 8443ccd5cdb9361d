//! The scanner: token after token, with the brackets that are open and what may come next.

use super::bytes::{
    CLASS, DIGIT, LINE, NAME, SPACE, WIDE, chunk_end, comment_end, line_end, number_end, regex_end, string_end,
    wide_space,
};
use super::frames::{EXPORTS, Frame, Kind, ROOT, Role, State};
use super::names::{Names, Write};
use super::secrets;
use super::uses::Uses;
use super::{Export, Flaw, Goal, Import, Span};

/// Brackets deeper than this are no script that an engine would take.
const DEPTH: usize = 1 << 16;

/// The token before, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Previous {
    Other,
    /// A name that stands for itself.
    Name(Role),
    /// The name of a member.
    Property,
    /// The end of an array, an object or parentheses.
    Closed,
    /// `++` or `--` before its operand.
    Update,
    /// The word `async`, which is the first of a statement or not.
    Async(bool),
    /// The parameter of `async x => …`.
    AsyncParameter,
    Typeof,
    Class,
}

/// The last brackets have names of which it is open whether they are a pattern.
pub(super) const SETTLE: u8 = 1;
/// The name was behind `++`; a member of it changes, or it does.
pub(super) const UPDATED: u8 = 2;
/// The statement ends with its line.
pub(super) const RESTRICTED: u8 = 4;
/// A literal here matters.
pub(super) const LITERAL: u8 = 8;
/// A literal was here; it matters unless an operator follows.
pub(super) const WHOLE: u8 = 16;

/// The name is a candidate, unless a member of it follows.
pub(super) const OFFERED: u8 = 32;

/// A place where the linker changes the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Edit {
    /// Words that go.
    Drop(Span),
    /// A statement that goes.
    Statement(Span),
    /// `export default` before an expression.
    Default(Span),
    /// `export default` before a function or class without a name, and the end of that.
    Anonymous(Span, usize),
}

/// A piece of text that is no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// A string with its quotes.
    String(usize, usize),
    /// A chunk of a template, without what surrounds it.
    Chunk(usize, usize),
    /// A regular expression with its flags.
    Regex(usize, usize),
}

/// Reads a script and gathers what is told of it.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is about the next token, and independent of the others")]
pub(super) struct Scanner<'s> {
    pub(super) source: &'s str,
    pub(super) bytes: &'s [u8],
    pub(super) goal: Goal,
    pub(super) at: usize,
    pub(super) state: State,
    pub(super) top: Frame,
    pub(super) stack: Vec<Frame>,
    /// The brackets that were closed last.
    pub(super) last: Frame,
    /// Scopes of loops whose body has no braces, with the depth at which they end.
    pub(super) loose: Vec<(usize, usize)>,
    /// A line ended before this token.
    pub(super) newline: bool,
    pub(super) previous: Previous,
    pub(super) previous_end: usize,
    /// The last name that stood for itself or named a member.
    pub(super) name_start: usize,
    pub(super) name_end: usize,
    pub(super) pending: u8,
    /// `async` and `*` before the name of a member.
    pub(super) modifiers: u16,
    /// The parentheses to come are those of `for`, or of `catch`.
    pub(super) head: Head,
    /// The arrow function to come: its scope and flags.
    pub(super) arrow: (usize, u16),
    pub(super) names: Names,
    pub(super) uses: Uses,
    pub(super) imports: Vec<Import>,
    pub(super) exports: Vec<Export>,
    pub(super) edits: Vec<Edit>,
    pub(super) metas: Vec<Span>,
    pub(super) flaw: Option<Flaw>,
    pub(super) awaits: bool,
    /// The function or class to come is exported by default.
    pub(super) default: Option<Span>,
    /// The words of the default export.
    pub(super) default_span: Span,
    /// The declaration to come is exported.
    pub(super) exporting: bool,
    /// Calls of `import` that are open, by the index of their import.
    pub(super) open_imports: Vec<usize>,
    /// The call to come is one of them.
    pub(super) import_call: bool,
    /// The last name has escapes.
    pub(super) escaped: bool,
    /// Lengths of `m` in names like `__m1`.
    pub(super) taken: u64,
    pub(super) pieces: Option<Vec<Piece>>,
}

/// Words before parentheses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Head {
    Plain,
    For,
    Catch,
}

impl<'s> Scanner<'s> {
    pub(super) fn new(source: &'s str, goal: Goal) -> Self {
        Self {
            source,
            bytes: source.as_bytes(),
            goal,
            at: 0,
            state: State::Start,
            top: Frame::TOP,
            stack: Vec::new(),
            last: Frame::TOP,
            loose: Vec::new(),
            newline: true,
            previous: Previous::Other,
            previous_end: 0,
            name_start: 0,
            name_end: 0,
            pending: 0,
            modifiers: 0,
            head: Head::Plain,
            arrow: (0, 0),
            names: Names::new(source.len()),
            uses: Uses::default(),
            imports: Vec::new(),
            exports: Vec::new(),
            edits: Vec::new(),
            metas: Vec::new(),
            flaw: None,
            awaits: false,
            default: None,
            default_span: 0..0,
            exporting: false,
            open_imports: Vec::new(),
            import_call: false,
            escaped: false,
            taken: 0,
            pieces: None,
        }
    }

    /// Reads the whole text, or up to its first flaw: behind that all would be guesses.
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
            if self.flaw.is_some() {
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
                self.secrets(start);
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
        let start = self.at;
        self.at = line_end(self.bytes, start + 2);
        self.secrets(start);
    }

    fn rest(&self) -> &'s [u8] {
        &self.bytes[self.at..]
    }

    /// Looks for secrets from `start` up to here.
    fn secrets(&mut self, start: usize) {
        if self.at - start >= secrets::SHORTEST {
            secrets::find(self.bytes, start, self.at, &mut self.uses.secrets);
        }
    }

    pub(super) fn fail(&mut self, at: usize, message: impl Into<String>, help: impl Into<String>) {
        self.flaw.get_or_insert(Flaw { at, message: message.into(), help: help.into() });
    }

    fn never_closed(&mut self, open: usize, closer: u8) {
        let shown = self.bytes.get(open).copied().unwrap_or_default() as char;
        let message = match shown {
            '`' => "this template is never closed".to_owned(),
            _ => format!("`{shown}` is never closed"),
        };
        self.fail(open, message, format!("add `{}`", closer as char));
    }

    /// Opens brackets. What is within them is in the same scope and function as what is around.
    pub(super) fn push(&mut self, kind: Kind, after: State, role: Role, flags: u16) {
        if self.stack.len() >= DEPTH {
            let help = format!("nest less than {DEPTH} of them");
            self.fail(self.at, "brackets and functions are nested too deeply", help);
            return;
        }
        let inherited = self.top.flags & (super::frames::ASYNC | super::frames::GENERATOR);
        let inner = Frame {
            kind,
            after,
            role,
            flags: flags | inherited,
            conditions: 0,
            open: self.at,
            candidates: self.names.candidates.len(),
            ..self.top
        };
        self.stack.push(self.top);
        self.top = inner;
    }

    /// Leaves what was opened last.
    pub(super) fn pop(&mut self) -> Frame {
        let frame = self.top;
        if let Some(outer) = self.stack.pop() {
            self.top = outer;
            if frame.flags & super::frames::SCOPE != 0 {
                self.names.end(frame.scope, self.at);
            }
            self.end_loose();
        }
        frame
    }

    /// Ends the scopes of loops that end with their statement.
    fn end_loose(&mut self) {
        while let Some(&(scope, depth)) = self.loose.last()
            && depth > self.stack.len()
        {
            self.names.end(scope, self.at);
            self.loose.pop();
        }
    }

    /// Leaves the arrow functions without braces that end here.
    pub(super) fn pop_concise(&mut self) {
        while self.top.kind == Kind::Concise {
            self.pop();
        }
    }

    /// A statement ends before this token.
    pub(super) fn end_statement(&mut self) {
        self.pop_concise();
        if self.top.kind.has_statements() {
            self.end_declaration();
            self.state = State::Start;
        } else if self.top.kind == Kind::Class {
            self.state = State::Key;
        } else {
            self.state = State::Operand;
        }
    }

    /// A declaration ends, and so do loops without braces.
    pub(super) fn end_declaration(&mut self) {
        self.top.role = Role::Use;
        self.top.flags &= !EXPORTS;
        while let Some(&(scope, depth)) = self.loose.last()
            && depth >= self.stack.len()
        {
            self.names.end(scope, self.at);
            self.loose.pop();
        }
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

    /// An assignment to the last name.
    pub(super) fn write(&mut self) {
        let (start, end) = (self.name_start, self.name_end);
        self.names.writes.push(Write { start, end, later: self.top.function != 0 });
    }

    fn number(&mut self) {
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
        self.secrets(start);
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
        self.secrets(start);
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
            self.modifiers |= super::frames::ASYNC;
        }
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
}
