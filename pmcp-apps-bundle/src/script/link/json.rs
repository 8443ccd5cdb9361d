//! JSON: where a text stops being it.

/// Texts nested deeper are refused: engines do so, too.
const DEPTH: usize = 1 << 16;

/// The place where the text is no JSON.
pub(super) fn fault(text: &str) -> Option<usize> {
    let start = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let mut reader = Reader { bytes: text.as_bytes(), at: start, open: Vec::new() };
    reader.document().err().map(|Flawed| reader.at.min(text.len()))
}

struct Flawed;

struct Reader<'t> {
    bytes: &'t [u8],
    at: usize,
    open: Vec<u8>,
}

impl Reader<'_> {
    fn next(&mut self) -> u8 {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        self.bytes.get(self.at).copied().unwrap_or_default()
    }

    fn document(&mut self) -> Result<(), Flawed> {
        loop {
            // A value begins.
            match self.next() {
                open @ (b'{' | b'[') => {
                    if self.open.len() >= DEPTH {
                        return Err(Flawed);
                    }
                    self.at += 1;
                    self.open.push(open);
                    let next = self.next();
                    if next != open + 2 {
                        if open == b'{' {
                            self.key()?;
                        }
                        continue;
                    }
                }
                b'"' => self.string()?,
                b't' => self.word(b"true")?,
                b'f' => self.word(b"false")?,
                b'n' => self.word(b"null")?,
                _ => self.number()?,
            }
            // A value has ended, and perhaps what it is in.
            loop {
                let next = self.next();
                let Some(&open) = self.open.last() else {
                    return if self.at == self.bytes.len() { Ok(()) } else { Err(Flawed) };
                };
                if next == open + 2 {
                    self.at += 1;
                    self.open.pop();
                } else if next == b',' {
                    self.at += 1;
                    if open == b'{' {
                        self.key()?;
                    }
                    break;
                } else {
                    return Err(Flawed);
                }
            }
        }
    }

    fn key(&mut self) -> Result<(), Flawed> {
        if self.next() != b'"' {
            return Err(Flawed);
        }
        self.string()?;
        if self.next() != b':' {
            return Err(Flawed);
        }
        self.at += 1;
        Ok(())
    }

    fn string(&mut self) -> Result<(), Flawed> {
        self.at += 1;
        loop {
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => match self.bytes.get(self.at + 1) {
                    Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
                    Some(b'u') => {
                        let digits = self.bytes.get(self.at + 2..self.at + 6).ok_or(Flawed)?;
                        if !digits.iter().all(u8::is_ascii_hexdigit) {
                            return Err(Flawed);
                        }
                        self.at += 6;
                    }
                    _ => return Err(Flawed),
                },
                Some(0x20..) => self.at += 1,
                _ => return Err(Flawed),
            }
        }
    }

    fn word(&mut self, word: &[u8]) -> Result<(), Flawed> {
        if !self.bytes[self.at..].starts_with(word) {
            return Err(Flawed);
        }
        self.at += word.len();
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Flawed> {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(Flawed) }
    }

    fn number(&mut self) -> Result<(), Flawed> {
        if self.bytes.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        if self.bytes.get(self.at) == Some(&b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.bytes.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::fault;

    #[test]
    fn json_is_told_from_its_like() {
        for text in ["1", " {\"a\":[1,-0.5e+3,true,null,{}],\"b\":\"\\u00e9\\n\"} ", "[]", "[[],[[]]]", "\u{feff}{}"] {
            assert_eq!(fault(text), None, "{text}");
        }
        for (text, at) in [
            ("", 0),
            ("{a: 1}", 1),
            ("[1,]", 3),
            ("{\"a\":1,}", 7),
            ("// no\n1", 0),
            ("01", 1),
            ("\"a\nb\"", 2),
            ("[1}", 2),
            ("[1", 2),
            ("1 2", 2),
            ("\"\\x\"", 1),
            ("1.", 2),
        ] {
            assert_eq!(fault(text), Some(at), "{text}");
        }
    }
}
