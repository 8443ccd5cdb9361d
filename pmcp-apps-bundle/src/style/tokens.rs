//! Tokens of a style sheet, by the rules of CSS Syntax. Only those are told apart that say where a reference stands.

use std::ops::Range;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) span: Range<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Space,
    Comment {
        closed: bool,
    },
    Text {
        value: String,
        closed: bool,
    },
    /// `url(` with an address that is not between quotes.
    Url {
        value: String,
        closed: bool,
    },
    BadUrl,
    Word(String),
    /// A name and its `(`.
    Function(String),
    At(String),
    Open(u8),
    Close(u8),
    Semicolon,
    Other,
}

/// The tokens of a text, from its first byte to its last without a gap.
pub(crate) fn tokens(text: &str) -> Tokens<'_> {
    Tokens { text, at: 0 }
}

#[derive(Debug)]
pub(crate) struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let start = self.at;
        let kind = self.kind(self.peek(0)?);
        Some(Token { kind, span: start..self.at })
    }
}

impl Tokens<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    fn kind(&mut self, first: u8) -> Kind {
        match first {
            _ if is_space(first) => {
                self.skip_spaces();
                Kind::Space
            }
            b'/' if self.peek(1) == Some(b'*') => self.comment(),
            b'"' | b'\'' => self.string(first),
            b'(' | b'[' | b'{' => self.one(Kind::Open(first)),
            b')' | b']' | b'}' => self.one(Kind::Close(first)),
            b';' => self.one(Kind::Semicolon),
            b'#' if self.peek(1).is_some_and(is_name) || self.is_escape(1) => {
                self.at += 1;
                self.name();
                Kind::Other
            }
            b'@' if self.is_word(1) => {
                self.at += 1;
                Kind::At(self.name())
            }
            _ if self.is_number() => self.number(),
            b'<' if self.text[self.at..].starts_with("<!--") => self.many(4),
            b'-' if self.text[self.at..].starts_with("-->") => self.many(3),
            _ if self.is_word(0) => self.word(),
            // Whatever else begins more than one byte is part of a name.
            _ => self.one(Kind::Other),
        }
    }

    fn one(&mut self, kind: Kind) -> Kind {
        self.at += 1;
        kind
    }

    fn many(&mut self, bytes: usize) -> Kind {
        self.at += bytes;
        Kind::Other
    }

    fn skip_spaces(&mut self) {
        while self.peek(0).is_some_and(is_space) {
            self.at += 1;
        }
    }

    fn comment(&mut self) -> Kind {
        let from = self.at + 2;
        let end = self.text[from..].find("*/").map(|end| from + end + 2);
        self.at = end.unwrap_or(self.text.len());
        Kind::Comment { closed: end.is_some() }
    }

    fn string(&mut self, quote: u8) -> Kind {
        let mut value = String::new();
        self.at += 1;
        let closed = loop {
            match self.peek(0) {
                None | Some(b'\n' | b'\r' | b'\x0c') => break false,
                Some(b'\\') => match self.peek(1) {
                    None => self.at += 1,
                    Some(b'\r') if self.peek(2) == Some(b'\n') => self.at += 3,
                    Some(b'\n' | b'\r' | b'\x0c') => self.at += 2,
                    Some(_) => value.push(self.escape()),
                },
                Some(byte) if byte == quote => {
                    self.at += 1;
                    break true;
                }
                Some(_) => value.push(self.char()),
            }
        };
        Kind::Text { value, closed }
    }

    fn word(&mut self) -> Kind {
        let name = self.name();
        if self.peek(0) != Some(b'(') {
            return Kind::Word(name);
        }
        self.at += 1;
        if !name.eq_ignore_ascii_case("url") {
            return Kind::Function(name);
        }
        let after = self.at;
        self.skip_spaces();
        if matches!(self.peek(0), Some(b'"' | b'\'')) {
            self.at = after;
            return Kind::Function(name);
        }
        self.url()
    }

    fn url(&mut self) -> Kind {
        let mut value = String::new();
        loop {
            match self.peek(0) {
                None => return Kind::Url { value, closed: false },
                Some(b')') => {
                    self.at += 1;
                    return Kind::Url { value, closed: true };
                }
                Some(byte) if is_space(byte) => {
                    self.skip_spaces();
                    if !matches!(self.peek(0), None | Some(b')')) {
                        return self.bad_url();
                    }
                }
                Some(b'"' | b'\'' | b'(' | 1..=8 | 0x0b | 0x0e..=0x1f | 0x7f) => return self.bad_url(),
                Some(b'\\') if !self.is_escape(0) => return self.bad_url(),
                Some(b'\\') => value.push(self.escape()),
                Some(_) => value.push(self.char()),
            }
        }
    }

    fn bad_url(&mut self) -> Kind {
        while let Some(byte) = self.peek(0) {
            if byte == b'\\' && self.is_escape(0) {
                self.escape();
            } else {
                self.at += 1;
                if byte == b')' {
                    break;
                }
            }
        }
        Kind::BadUrl
    }

    fn is_number(&self) -> bool {
        let from = usize::from(matches!(self.peek(0), Some(b'+' | b'-')));
        let digit = |ahead| self.peek(ahead).is_some_and(|byte| byte.is_ascii_digit());
        digit(from) || (self.peek(from) == Some(b'.') && digit(from + 1))
    }

    fn number(&mut self) -> Kind {
        self.at += usize::from(matches!(self.peek(0), Some(b'+' | b'-')));
        self.digits();
        if self.peek(0) == Some(b'.') && self.peek(1).is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
            self.digits();
        }
        if matches!(self.peek(0), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(self.peek(1), Some(b'+' | b'-')));
            if self.peek(1 + sign).is_some_and(|byte| byte.is_ascii_digit()) {
                self.at += 1 + sign;
                self.digits();
            }
        }
        // A unit is part of its number, so `1url(` is no address.
        if self.is_word(0) {
            self.name();
        }
        Kind::Other
    }

    fn digits(&mut self) {
        while self.peek(0).is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
    }

    /// Tells of a name that may begin with what is ahead.
    fn is_word(&self, ahead: usize) -> bool {
        match self.peek(ahead) {
            Some(b'-') => {
                self.peek(ahead + 1).is_some_and(|byte| byte == b'-' || is_name_start(byte))
                    || self.is_escape(ahead + 1)
            }
            Some(byte) => is_name_start(byte) || self.is_escape(ahead),
            None => false,
        }
    }

    fn name(&mut self) -> String {
        let mut name = String::new();
        loop {
            match self.peek(0) {
                Some(byte) if is_name(byte) => name.push(self.char()),
                Some(b'\\') if self.is_escape(0) => name.push(self.escape()),
                _ => return name,
            }
        }
    }

    fn is_escape(&self, ahead: usize) -> bool {
        self.peek(ahead) == Some(b'\\') && !matches!(self.peek(ahead + 1), Some(b'\n' | b'\r' | b'\x0c'))
    }

    /// Reads a `\` and what it stands for.
    fn escape(&mut self) -> char {
        self.at += 1;
        let mut code = 0;
        let mut digits = 0;
        while let Some(digit) = self.peek(0).and_then(|byte| char::from(byte).to_digit(16)).filter(|_| digits < 6) {
            code = code * 16 + digit;
            digits += 1;
            self.at += 1;
        }
        if digits == 0 {
            return if self.at < self.text.len() { self.char() } else { char::REPLACEMENT_CHARACTER };
        }
        if self.peek(0) == Some(b'\r') && self.peek(1) == Some(b'\n') {
            self.at += 2;
        } else if self.peek(0).is_some_and(is_space) {
            self.at += 1;
        }
        char::from_u32(code).filter(|c| *c != '\0').unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    /// Reads a character, of which there is one.
    fn char(&mut self) -> char {
        let c = self.text[self.at..].chars().next().unwrap_or(char::REPLACEMENT_CHARACTER);
        self.at += if self.at < self.text.len() { c.len_utf8() } else { 0 };
        // The standard replaces zeros before it looks at anything.
        if c == '\0' { char::REPLACEMENT_CHARACTER } else { c }
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c')
}

fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80 || byte == 0
}

fn is_name(byte: u8) -> bool {
    is_name_start(byte) || byte.is_ascii_digit() || byte == b'-'
}
