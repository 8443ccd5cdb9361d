//! The scanner's state: where it is, what is open, and what was found so far.

use super::facts::{Edit, Export, Goal, Import, Piece, Span};
use super::frames::{ASYNC, EXPORTS, Frame, GENERATOR, Kind, Role, SCOPE, State};
use super::names::{Names, Write};
use super::uses::Uses;
use crate::mistake::Fault;

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
    pub(super) fault: Option<Fault>,
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
            fault: None,
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

    pub(super) fn fail(&mut self, at: usize, message: impl Into<String>, help: impl Into<String>) {
        self.fault.get_or_insert(Fault { at, message: message.into(), help: help.into() });
    }

    pub(super) fn never_closed(&mut self, open: usize, closer: u8) {
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
        let inherited = self.top.flags & (ASYNC | GENERATOR);
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
            if frame.flags & SCOPE != 0 {
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

    /// An assignment to the last name.
    pub(super) fn write(&mut self) {
        let (start, end) = (self.name_start, self.name_end);
        self.names.writes.push(Write { start, end, later: self.top.function != 0 });
    }
}
