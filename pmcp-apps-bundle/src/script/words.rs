//! Names and words of the language.

use super::bytes::{CLASS, DIGIT, NAME, filter, name_end, unescape};
use super::facts::{Edit, Goal, Word};
use super::frames::{ASYNC, DEFAULT, FOR, GENERATOR, Kind, MEDIA, Role, SCOPE, State};
use super::scanner::{Head, OFFERED, Previous, RESTRICTED, Scanner, UPDATED};

static KEYWORDS: [u32; 128] = filter(&[
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "default",
    "delete",
    "do",
    "else",
    "export",
    "extends",
    "finally",
    "for",
    "function",
    "if",
    "import",
    "in",
    "instanceof",
    "let",
    "new",
    "of",
    "return",
    "super",
    "switch",
    "this",
    "throw",
    "try",
    "typeof",
    "var",
    "void",
    "while",
    "with",
    "yield",
]);

impl Scanner<'_> {
    pub(super) fn word(&mut self) {
        let start = self.at;
        let length = self.bytes.len();
        let mut at = start;
        while at < length {
            let class = CLASS[self.bytes[at] as usize];
            if class != NAME && class != DIGIT || self.bytes[at] == b'\\' {
                break;
            }
            at += 1;
        }
        self.escaped = false;
        if at < length && (self.bytes[at] >= 0x80 || self.bytes[at] == b'\\') {
            at = name_end(self.bytes, at);
            self.escaped = self.bytes[start..at].contains(&b'\\');
        }
        self.at = at.max(start + 1);
        let first = self.bytes[start];
        if first == b'_' {
            self.take(start);
        }
        if self.state == State::Operator && self.top.kind == Kind::Class {
            let word = &self.bytes[start..self.at];
            let continues = matches!(self.previous, Previous::Async(_)) && !self.newline;
            if word != b"in" && word != b"instanceof" && !continues {
                self.state = State::Key;
                self.modifiers = 0;
            }
        }
        match self.state {
            State::Member => {
                self.member(start);
                self.state = State::Operator;
                self.previous = Previous::Property;
            }
            State::Key | State::AfterKey => self.key(start),
            _ => {
                let length = self.at - start;
                let known = first < 0x80 && length < 32 && KEYWORDS[first as usize] & (1 << length) != 0;
                if !(known && self.keyword(start)) {
                    self.name(start);
                }
            }
        }
    }

    /// Remembers names that look like those of the linker.
    fn take(&mut self, start: usize) {
        let name = &self.bytes[start..self.at];
        if name.len() < 4 || name[1] != b'_' || name[2] != b'm' {
            return;
        }
        let mut run = 2;
        while name.get(run) == Some(&b'm') {
            run += 1;
        }
        self.taken |= 1 << (run - 2).min(63);
    }

    /// The name of a member, in an object or a class.
    fn key(&mut self, start: usize) {
        if self.state == State::AfterKey {
            self.modifier();
        }
        self.name_start = start;
        self.name_end = self.at;
        self.state = State::AfterKey;
        self.previous = Previous::Property;
        if self.top.flags & MEDIA != 0 {
            match &self.bytes[start..self.at] {
                b"video" => self.uses.media(Word::Camera),
                b"audio" => self.uses.media(Word::Microphone),
                _ => {}
            }
        }
    }

    /// A name that stands for itself.
    fn name(&mut self, start: usize) {
        match self.state {
            State::Operator => match self.top.kind {
                Kind::FunctionHead | Kind::ClassHead => {
                    if self.top.kind == Kind::FunctionHead || self.previous == Previous::Class {
                        self.definition(start);
                    }
                    self.previous = Previous::Other;
                    return;
                }
                _ if matches!(self.previous, Previous::Async(_)) && !self.newline => {
                    self.name_start = start;
                    self.name_end = self.at;
                    self.previous = Previous::AsyncParameter;
                    return;
                }
                _ => self.end_statement(),
            },
            State::Body => {
                self.pop();
                self.state = State::Start;
            }
            _ => {}
        }
        let is_first = self.state == State::Start;
        let role = if self.state == State::Element { self.top.role } else { Role::Use };
        if self.previous == Previous::Update {
            self.pending |= UPDATED;
        }
        self.name_start = start;
        self.name_end = self.at;
        match role {
            Role::Use => {}
            Role::Declared => self.declare(start, self.at),
            Role::Candidate => {
                self.names.offer(start, self.at);
                self.pending |= OFFERED;
            }
        }
        if role != Role::Declared {
            self.reference(start);
        }
        self.state = State::Operator;
        self.previous = if self.at - start == 5 && &self.bytes[start..self.at] == b"async" {
            Previous::Async(is_first)
        } else {
            Previous::Name(role)
        };
    }

    /// The name of a function or class: one of a statement holds around it, another one within.
    fn definition(&mut self, start: usize) {
        let scope = match self.stack.last() {
            Some(outer) if self.top.after == State::Start => outer.scope,
            _ => self.top.scope,
        };
        self.names.declare(start, self.at, scope);
        if let Some(words) = self.default.take() {
            self.top.flags &= !DEFAULT;
            self.default_span = words.clone();
            self.edits.push(Edit::Drop(words));
            self.export_default(Some(unescape(&self.source[start..self.at]).into_owned()));
        } else if self.exporting {
            self.exporting = false;
            self.export_local(start, self.at);
        }
    }

    /// A word of the language, if it is one here.
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn keyword(&mut self, start: usize) -> bool {
        let source = self.bytes;
        let word = &source[start..self.at];
        let mut after = State::Operand;
        let mut previous = Previous::Other;
        match word {
            b"this" | b"super" | b"default" => after = State::Operator,
            b"if" | b"while" | b"switch" | b"with" => after = self.head(Head::Plain),
            b"for" => after = self.head(Head::For),
            b"catch" => after = self.head(Head::Catch),
            b"else" | b"do" | b"try" | b"finally" => after = State::Start,
            b"return" => self.pending |= RESTRICTED,
            b"break" | b"continue" => {
                self.pending |= RESTRICTED;
                after = State::Operator;
            }
            b"throw" | b"case" | b"delete" | b"void" | b"new" => {}
            b"typeof" => previous = Previous::Typeof,
            b"in" | b"instanceof" => {
                self.end_head();
                self.state = State::Operand;
                self.previous = Previous::Other;
                return true;
            }
            b"of" => {
                if self.top.kind != Kind::Head || self.state != State::Operator {
                    return false;
                }
                self.end_head();
                self.state = State::Operand;
                self.previous = Previous::Other;
                return true;
            }
            b"extends" => {
                if self.top.kind != Kind::ClassHead {
                    return false;
                }
                self.settle_anonymous();
                self.state = State::Operand;
                self.previous = Previous::Other;
                return true;
            }
            b"var" | b"const" | b"let" => {
                if word == b"let" && !self.declares() {
                    return false;
                }
                self.begin_statement();
                self.begin_exports();
                self.top.role = Role::Declared;
                self.top.target = if word == b"var" { self.top.function } else { self.top.scope };
                after = State::Element;
            }
            b"function" => {
                let (is_async, is_first) = match self.previous {
                    Previous::Async(is_first) if !self.newline && self.state == State::Operator => (true, is_first),
                    _ => {
                        self.begin_statement();
                        (false, self.state == State::Start)
                    }
                };
                let after = if is_first { State::Start } else { State::Operator };
                self.begin_function(start, after, if is_async { ASYNC } else { 0 });
                self.mark_default();
                self.state = State::Operator;
                self.previous = Previous::Other;
                return true;
            }
            b"class" => {
                self.begin_statement();
                let after = if self.state == State::Start { State::Start } else { State::Operator };
                let scope = self.names.begin(start);
                self.push(Kind::ClassHead, after, Role::Use, SCOPE);
                self.top.scope = scope;
                self.mark_default();
                self.state = State::Operator;
                self.previous = Previous::Class;
                return true;
            }
            b"await" => {
                if self.state == State::Head {
                    self.awaits |= self.top.function == 0;
                    return true;
                }
                let at_top = self.top.function == 0 && self.goal == Goal::Module;
                if !at_top && self.top.flags & ASYNC == 0 {
                    return false;
                }
                self.awaits |= at_top;
            }
            b"yield" => {
                if self.top.flags & GENERATOR == 0 {
                    return false;
                }
                self.pending |= RESTRICTED;
            }
            b"import" => return self.import(start),
            b"export" => {
                if self.state == State::Operator {
                    self.end_statement();
                }
                if self.top.kind != Kind::Top || self.state != State::Start {
                    return false;
                }
                self.export(start);
                return true;
            }
            _ => return false,
        }
        if self.state == State::Operator {
            self.end_statement();
        }
        self.state = after;
        self.previous = previous;
        true
    }

    /// A word that begins a statement ends the one before.
    fn begin_statement(&mut self) {
        if self.state == State::Operator {
            self.end_statement();
        }
    }

    fn head(&mut self, head: Head) -> State {
        self.head = head;
        State::Head
    }

    /// `of` or `in`: the name before is assigned to, or declared.
    fn end_head(&mut self) {
        if self.top.flags & FOR == 0 {
            return;
        }
        if self.previous == Previous::Name(Role::Candidate) {
            self.names.assign(self.names.candidates.len().saturating_sub(1));
        }
        self.top.role = Role::Use;
    }

    /// Behind the word `let` stands something to declare.
    fn declares(&self) -> bool {
        let mut at = self.at;
        while let Some(byte) = self.bytes.get(at)
            && byte.is_ascii_whitespace()
        {
            at += 1;
        }
        let next = self.bytes.get(at).copied().unwrap_or_default();
        let is_operator =
            ["in ", "instanceof ", "of "].iter().any(|word| self.bytes[at..].starts_with(word.as_bytes()));
        matches!(next, b'[' | b'{' | b'/' | 0x80..) || (matches!(CLASS[next as usize], NAME) && !is_operator)
    }

    fn mark_default(&mut self) {
        if self.default.is_some() {
            self.top.flags |= DEFAULT;
        }
    }
}
