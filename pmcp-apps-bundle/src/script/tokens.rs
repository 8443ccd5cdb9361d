//! Tokens of `import` and `export`, which are read one by one.

use super::bytes::{CLASS, NAME, WIDE, name_end, string_end, unescape};
use super::facts::{Literal, Name, Piece, Span};
use super::scanner::Scanner;

/// A token of these statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Name(Name),
    Text(Literal),
    Other(u8),
}

impl Token {
    pub(super) fn is(&self, word: &str) -> bool {
        matches!(self, Self::Name(name) if name.text == word)
    }
}

/// A statement that is no such statement, by the place where that shows.
#[derive(Debug)]
pub(super) struct Malformed(pub(super) usize);

impl Scanner<'_> {
    /// The next byte that is no space or comment.
    pub(super) fn peek(&mut self) -> u8 {
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => self.at += 1,
                b'/' | b'<' | b'-' | 0x80.. if self.space(byte) => {}
                _ => return byte,
            }
        }
        0
    }

    pub(super) fn token(&mut self) -> Token {
        let byte = self.peek();
        let start = self.at;
        if start >= self.bytes.len() {
            return Token::Other(0);
        }
        match CLASS[byte as usize] {
            NAME | WIDE => {
                self.at = name_end(self.bytes, start).max(start + 1);
                let text = self.source.get(start..self.at).map(unescape).unwrap_or_default().into_owned();
                Token::Name(Name { text, span: start..self.at })
            }
            _ if byte == b'"' || byte == b'\'' => {
                let end = string_end(self.bytes, start);
                self.at = end.at;
                if !end.closed {
                    return Token::Other(byte);
                }
                let value = unescape(&self.source[start + 1..end.at - 1]).into_owned();
                Token::Text(Literal { value, span: start..end.at })
            }
            _ => {
                self.at += 1;
                Token::Other(byte)
            }
        }
    }

    /// Tells whether a line ended since this byte.
    pub(super) fn has_line(&self, from: usize) -> bool {
        self.source.get(from..self.at).is_some_and(|text| text.contains(['\n', '\r', '\u{2028}', '\u{2029}']))
    }

    /// Looks at tokens and comes back.
    pub(super) fn ahead<T>(&mut self, look: impl FnOnce(&mut Self) -> T) -> T {
        let (at, newline) = (self.at, self.newline);
        let seen = look(self);
        (self.at, self.newline) = (at, newline);
        seen
    }

    pub(super) fn expect(&mut self, byte: u8) -> Result<(), Malformed> {
        self.peek();
        let at = self.at;
        if self.token() == Token::Other(byte) { Ok(()) } else { Err(Malformed(at)) }
    }

    pub(super) fn expect_word(&mut self, word: &str) -> Result<(), Malformed> {
        self.peek();
        let at = self.at;
        if self.token().is(word) { Ok(()) } else { Err(Malformed(at)) }
    }

    pub(super) fn expect_name(&mut self) -> Result<Name, Malformed> {
        self.peek();
        let at = self.at;
        if let Token::Name(name) = self.token() { Ok(name) } else { Err(Malformed(at)) }
    }

    /// A name, or a string in its place.
    pub(super) fn expect_any_name(&mut self) -> Result<Name, Malformed> {
        self.peek();
        let at = self.at;
        match self.token() {
            Token::Name(name) => Ok(name),
            Token::Text(text) => {
                self.piece(&text.span);
                Ok(Name { text: text.value, span: text.span })
            }
            Token::Other(_) => Err(Malformed(at)),
        }
    }

    pub(super) fn expect_text(&mut self) -> Result<Literal, Malformed> {
        self.peek();
        let at = self.at;
        let Token::Text(text) = self.token() else { return Err(Malformed(at)) };
        self.piece(&text.span);
        Ok(text)
    }

    pub(super) fn piece(&mut self, span: &Span) {
        if let Some(pieces) = &mut self.pieces {
            pieces.push(Piece::String(span.start, span.end));
        }
    }

    /// `{ a, b as c, "d" as e }` behind its brace.
    pub(super) fn list(&mut self) -> Result<Vec<(Name, Name)>, Malformed> {
        let mut names = Vec::new();
        loop {
            if self.peek() == b'}' {
                self.at += 1;
                return Ok(names);
            }
            let first = self.expect_any_name()?;
            let renamed = self.ahead(|scanner| scanner.token().is("as"));
            let second = if renamed {
                self.token();
                self.expect_any_name()?
            } else {
                first.clone()
            };
            names.push((first, second));
            if self.peek() == b',' {
                self.at += 1;
            } else if self.peek() != b'}' {
                return Err(Malformed(self.at));
            }
        }
    }

    /// A template without substitutions, behind its first quote.
    pub(super) fn plain_template(&mut self) -> Option<Literal> {
        let start = self.at - 1;
        while let Some(&byte) = self.bytes.get(self.at) {
            self.at += 1;
            match byte {
                b'`' => {
                    let value = unescape(&self.source[start + 1..self.at - 1]).into_owned();
                    return Some(Literal { value, span: start..self.at });
                }
                b'\\' => self.at += 1,
                // The names of files are shorter.
                _ if byte == b'$' || self.at - start > 4096 => return None,
                _ => {}
            }
        }
        None
    }
}
