//! `import` and `export`.

use super::bytes::unescape;
use super::facts::{Edit, Export, Exported, Form, Import, Literal, Name};
use super::frames::{DEFAULT, EXPORTS, Kind, State};
use super::scanner::{Previous, Scanner};
use super::tokens::{Malformed, Token};

impl Scanner<'_> {
    /// `from "…" with { … };`, or what is left of it.
    fn from(&mut self) -> Result<(Literal, Option<Literal>), Malformed> {
        self.expect_word("from")?;
        self.specifier()
    }

    fn specifier(&mut self) -> Result<(Literal, Option<Literal>), Malformed> {
        let specifier = self.expect_text()?;
        let has_attributes = self.ahead(|scanner| {
            let word = scanner.token();
            (word.is("with") || word.is("assert")) && scanner.token() == Token::Other(b'{')
        });
        let mut kind = None;
        if has_attributes {
            self.token();
            self.token();
            kind = self.attributes()?;
        }
        self.end_of_statement();
        Ok((specifier, kind))
    }

    /// `type: "json" }`.
    fn attributes(&mut self) -> Result<Option<Literal>, Malformed> {
        let mut kind = None;
        while self.peek() != b'}' {
            let name = self.expect_any_name()?;
            self.expect(b':')?;
            let value = self.expect_text()?;
            if name.text == "type" {
                kind = Some(value);
            }
            if self.peek() == b',' {
                self.at += 1;
            }
        }
        self.at += 1;
        Ok(kind)
    }

    /// Takes the semicolon, if there is one.
    fn end_of_statement(&mut self) {
        let at = self.at;
        let newline = self.newline;
        if self.peek() == b';' {
            self.at += 1;
        } else {
            (self.at, self.newline) = (at, newline);
        }
    }

    /// The word `import` in any of its uses.
    pub(super) fn import(&mut self, start: usize) -> bool {
        let next = self.ahead(Self::peek);
        if next == b'(' {
            if self.state == State::Operator {
                self.end_statement();
            }
            self.begin_import(start);
            self.state = State::Operator;
            self.previous = Previous::Other;
            return true;
        }
        if next == b'.' {
            let is_meta = self.ahead(|scanner| {
                scanner.token();
                scanner.token().is("meta").then_some(scanner.at)
            });
            if let Some(end) = is_meta {
                self.metas.push(start..end);
                self.at = end;
            }
            self.state = State::Operator;
            self.previous = Previous::Other;
            return true;
        }
        if self.state == State::Operator {
            self.end_statement();
        }
        if self.top.kind != Kind::Top || self.state != State::Start {
            return false;
        }
        if let Err(Malformed(at)) = self.import_statement(start) {
            self.fail(at, "this `import` is malformed", "write `import { name } from \"./file.js\"`");
        }
        self.state = State::Start;
        self.previous = Previous::Other;
        true
    }

    fn import_statement(&mut self, start: usize) -> Result<(), Malformed> {
        let mut form = Form::Names(Vec::new());
        let (specifier, kind) = if matches!(self.peek(), b'"' | b'\'') {
            self.specifier()?
        } else {
            let mut default = None;
            if !matches!(self.peek(), b'{' | b'*') {
                default = Some(self.expect_name()?);
            }
            let mut more = default.is_none();
            if self.peek() == b',' && default.is_some() {
                self.at += 1;
                more = true;
            }
            let mut names = Vec::new();
            let mut namespace = None;
            if more && self.peek() == b'*' {
                self.at += 1;
                self.expect_word("as")?;
                namespace = Some(self.expect_name()?);
            } else if more {
                self.expect(b'{')?;
                names = self.list()?;
            }
            let default_span = default.as_ref().map(|name| name.span.clone());
            for span in default_span.iter().chain(names.iter().map(|(_, local)| &local.span)) {
                self.names.declare(span.start, span.end, 0);
            }
            form = if let Some(namespace) = namespace {
                self.names.declare(namespace.span.start, namespace.span.end, 0);
                Form::Namespace(default, namespace)
            } else {
                let default = default.map(|local| (Name { text: "default".to_owned(), ..local.clone() }, local));
                Form::Names(default.into_iter().chain(names).collect())
            };
            self.from()?
        };
        self.imports.push(Import { specifier, span: start..self.at, form, kind });
        self.edits.push(Edit::Statement(start..self.at));
        Ok(())
    }

    /// `import(…)`, of which the word was read.
    fn begin_import(&mut self, start: usize) {
        let found = self.ahead(|scanner| {
            scanner.token();
            let specifier = match scanner.token() {
                Token::Text(text) => text,
                Token::Other(b'`') => scanner.plain_template()?,
                _ => return None,
            };
            match scanner.token() {
                Token::Other(b')') => Some((specifier, None)),
                Token::Other(b',') => Some((specifier, scanner.options())),
                _ => None,
            }
        });
        if let Some((specifier, kind)) = found {
            self.open_imports.push(self.imports.len());
            self.imports.push(Import { specifier, span: start..start, form: Form::Call, kind });
            self.import_call = true;
        }
    }

    /// `{ with: { type: "json" } }`.
    fn options(&mut self) -> Option<Literal> {
        let is_open = self.token() == Token::Other(b'{')
            && self.token().is("with")
            && self.token() == Token::Other(b':')
            && self.token() == Token::Other(b'{');
        if !is_open || !self.token().is("type") || self.token() != Token::Other(b':') {
            return None;
        }
        if let Token::Text(kind) = self.token() { Some(kind) } else { None }
    }

    /// The call of an import ends here.
    pub(super) fn end_import(&mut self) {
        if let Some(import) = self.open_imports.pop().and_then(|index| self.imports.get_mut(index)) {
            import.span.end = self.at;
        }
    }

    /// The word `export` at the start of a statement.
    pub(super) fn export(&mut self, start: usize) {
        self.previous = Previous::Other;
        self.state = State::Start;
        if let Err(Malformed(at)) = self.export_statement(start) {
            self.fail(at, "this `export` is malformed", "write `export { name };`");
        }
    }

    fn export_statement(&mut self, start: usize) -> Result<(), Malformed> {
        let word = start..self.at;
        let next = self.peek();
        let at = self.at;
        match next {
            b'*' => {
                self.at += 1;
                let named = self.ahead(|scanner| scanner.token().is("as"));
                let name = if named {
                    self.token();
                    Some(self.expect_any_name()?)
                } else {
                    None
                };
                let index = self.imports.len();
                let (specifier, kind) = self.from()?;
                let span = specifier.span.clone();
                self.imports.push(Import { specifier, span: start..self.at, form: Form::Export, kind });
                self.exports.push(match name {
                    Some(name) => Export { name, from: Exported::Namespace(index) },
                    None => Export { name: Name { text: String::new(), span }, from: Exported::All(index) },
                });
                self.edits.push(Edit::Statement(start..self.at));
            }
            b'{' => {
                self.at += 1;
                let names = self.list()?;
                let is_from = self.ahead(|scanner| scanner.token().is("from"));
                if is_from {
                    let index = self.imports.len();
                    let (specifier, kind) = self.from()?;
                    self.imports.push(Import { specifier, span: start..self.at, form: Form::Export, kind });
                    let exports =
                        names.into_iter().map(|(from, name)| Export { name, from: Exported::Name(index, from.text) });
                    self.exports.extend(exports);
                } else {
                    self.end_of_statement();
                    let exports =
                        names.into_iter().map(|(local, name)| Export { name, from: Exported::Local(local.text) });
                    self.exports.extend(exports);
                }
                self.edits.push(Edit::Statement(start..self.at));
            }
            _ => match self.token() {
                word_behind if word_behind.is("default") => {
                    let words = start..self.at;
                    let is_definition = self.ahead(|scanner| {
                        let first = scanner.token();
                        let end = scanner.at;
                        first.is("function")
                            || first.is("class")
                            || (first.is("async") && scanner.token().is("function") && !scanner.has_line(end))
                    });
                    if is_definition {
                        self.default = Some(words);
                    } else {
                        self.default_span = words.clone();
                        self.edits.push(Edit::Default(words));
                        self.export_default(None);
                        self.state = State::Operand;
                    }
                }
                Token::Name(name)
                    if matches!(&*name.text, "var" | "let" | "const" | "function" | "class" | "async") =>
                {
                    self.at = at;
                    self.exporting = true;
                    self.edits.push(Edit::Drop(word));
                }
                _ => return Err(Malformed(at)),
            },
        }
        Ok(())
    }

    /// The default export, by its name within the script if it has one.
    pub(super) fn export_default(&mut self, local: Option<String>) {
        let name = Name { text: "default".to_owned(), span: self.default_span.clone() };
        let from = local.map_or(Exported::Default, Exported::Local);
        self.exports.push(Export { name, from });
    }

    /// The function or class that is exported by default has no name.
    pub(super) fn settle_anonymous(&mut self) {
        if self.top.flags & DEFAULT != 0
            && let Some(words) = self.default.take()
        {
            self.default_span = words.clone();
            self.edits.push(Edit::Anonymous(words, 0));
            self.export_default(None);
        }
    }

    /// A name that is declared behind `export`.
    pub(super) fn export_local(&mut self, start: usize, end: usize) {
        let text = unescape(&self.source[start..end]).into_owned();
        let name = Name { text: text.clone(), span: start..end };
        self.exports.push(Export { name, from: Exported::Local(text) });
    }

    /// The declaration to come is exported.
    pub(super) fn begin_exports(&mut self) {
        if std::mem::take(&mut self.exporting) {
            self.top.flags |= EXPORTS;
        }
    }
}
