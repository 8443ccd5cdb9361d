//! Bytes of scripts: names, numbers, strings, regular expressions and comments, each from its first byte to its end.
//!
//! Loops go by index: the scanner runs inside a macro, which nobody optimises.

use std::borrow::Cow;

/// Bytes that are no part of names, numbers or spaces.
pub(super) const OTHER: u8 = 0;
/// Letters, `$`, `_` and the backslash of an escape.
pub(super) const NAME: u8 = 1;
pub(super) const DIGIT: u8 = 2;
/// Spaces that end no line.
pub(super) const SPACE: u8 = 3;
pub(super) const LINE: u8 = 4;
/// Bytes outside ASCII: mostly letters, and a few spaces.
pub(super) const WIDE: u8 = 5;

/// The kind of each byte.
pub(super) static CLASS: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut classes = [OTHER; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte {
            0x61..=0x7a | 0x41..=0x5a | 0x24 | 0x5f | 0x5c => NAME,
            0x30..=0x39 => DIGIT,
            0x20 | 0x09 | 0x0b | 0x0c => SPACE,
            0x0a | 0x0d => LINE,
            0x80..=0xff => WIDE,
            _ => OTHER,
        };
        byte += 1;
    }
    classes
}

/// By the first byte, the lengths that some words have.
pub(super) const fn filter(words: &[&str]) -> [u32; 128] {
    let mut lengths = [0; 128];
    let mut word = 0;
    while word < words.len() {
        lengths[words[word].as_bytes()[0] as usize] |= 1 << words[word].len();
        word += 1;
    }
    lengths
}

/// The end of a piece of text, and whether its closing mark was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    pub(super) at: usize,
    pub(super) closed: bool,
}

/// The length of the space outside ASCII that begins here, or 0; lines end with two of them.
pub(super) fn wide_space(bytes: &[u8], at: usize) -> (usize, bool) {
    match (bytes[at], bytes.get(at + 1), bytes.get(at + 2)) {
        (0xc2, Some(0xa0), _) => (2, false),
        (0xe2, Some(0x80), Some(0xa8 | 0xa9)) => (3, true),
        (0xe2, Some(0x80), Some(0x80..=0x8a | 0xaf))
        | (0xe2, Some(0x81), Some(0x9f))
        | (0xe1, Some(0x9a), Some(0x80))
        | (0xe3, Some(0x80), Some(0x80))
        | (0xef, Some(0xbb), Some(0xbf)) => (3, false),
        _ => (0, false),
    }
}

/// The end of a name, of which the byte here is a part.
pub(super) fn name_end(bytes: &[u8], mut at: usize) -> usize {
    let length = bytes.len();
    while at < length {
        match CLASS[bytes[at] as usize] {
            NAME | DIGIT => {
                // `\u{…}`; all other escapes consist of letters and digits.
                if bytes[at] == b'\\' && bytes.get(at + 1) == Some(&b'u') && bytes.get(at + 2) == Some(&b'{') {
                    at += 3;
                    while at < length && bytes[at].is_ascii_hexdigit() {
                        at += 1;
                    }
                    if at < length && bytes[at] == b'}' {
                        at += 1;
                    }
                } else {
                    at += 1;
                }
            }
            WIDE if wide_space(bytes, at).0 == 0 => at += 1,
            _ => break,
        }
    }
    at
}

/// The end of a number.
pub(super) fn number_end(bytes: &[u8], start: usize) -> usize {
    let length = bytes.len();
    let mut at = start;
    let prefixed = bytes[at] == b'0' && matches!(bytes.get(at + 1), Some(b'x' | b'X' | b'o' | b'O' | b'b' | b'B'));
    let mut points = usize::from(prefixed);
    while at < length {
        match bytes[at] {
            b'0'..=b'9' | b'_' | b'a'..=b'z' | b'A'..=b'Z' => {
                let exponent = !prefixed && matches!(bytes[at], b'e' | b'E');
                at += 1;
                if exponent {
                    points = 1;
                    if matches!(bytes.get(at), Some(b'+' | b'-')) {
                        at += 1;
                    }
                }
            }
            // `1..toString()`: the second point is a member's. So is the first of `01.a`, which nobody writes.
            b'.' if points == 0 => {
                points = 1;
                at += 1;
            }
            _ => break,
        }
    }
    at
}

/// The end of a string, whose first byte is its quote. An open string ends with its line.
pub(super) fn string_end(bytes: &[u8], start: usize) -> End {
    let length = bytes.len();
    let quote = bytes[start];
    let mut at = start + 1;
    while at < length {
        let byte = bytes[at];
        if byte == quote {
            return End { at: at + 1, closed: true };
        }
        if byte == b'\\' {
            // A backslash before the two bytes of a line's end takes both.
            let both = bytes.get(at + 1) == Some(&b'\r') && bytes.get(at + 2) == Some(&b'\n');
            at += if both { 3 } else { 2 };
        } else if byte == b'\n' || byte == b'\r' {
            return End { at, closed: false };
        } else {
            at += 1;
        }
    }
    End { at: length, closed: false }
}

/// The end of a chunk of a template, behind its `` ` `` or `${`.
pub(super) fn chunk_end(bytes: &[u8], mut at: usize) -> End {
    let length = bytes.len();
    while at < length {
        match bytes[at] {
            b'`' => return End { at: at + 1, closed: true },
            b'$' if bytes.get(at + 1) == Some(&b'{') => return End { at: at + 2, closed: true },
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    End { at: length, closed: false }
}

/// The end of a regular expression with its flags, whose first byte is its `/`. An open one ends with its line.
pub(super) fn regex_end(bytes: &[u8], start: usize) -> End {
    let length = bytes.len();
    let mut at = start + 1;
    let mut in_class = false;
    while at < length {
        match bytes[at] {
            b'\\' if !matches!(bytes.get(at + 1), Some(b'\n' | b'\r')) => at += 1,
            b'[' => in_class = true,
            b']' => in_class = false,
            b'/' if !in_class => return End { at: name_end(bytes, at + 1), closed: true },
            b'\n' | b'\r' => return End { at, closed: false },
            0xe2 if wide_space(bytes, at).1 => return End { at, closed: false },
            _ => {}
        }
        at += 1;
    }
    End { at: length, closed: false }
}

/// The end of a line, before the bytes that end it.
pub(super) fn line_end(bytes: &[u8], mut at: usize) -> usize {
    let length = bytes.len();
    while at < length {
        let byte = bytes[at];
        if byte == b'\n' || byte == b'\r' || (byte == 0xe2 && wide_space(bytes, at).1) {
            break;
        }
        at += 1;
    }
    at
}

/// The end of a comment behind its `/*`, and whether it spans lines.
pub(super) fn comment_end(bytes: &[u8], mut at: usize) -> (End, bool) {
    let length = bytes.len();
    let mut lines = false;
    while at < length {
        let byte = bytes[at];
        if byte == b'*' && bytes.get(at + 1) == Some(&b'/') {
            return (End { at: at + 2, closed: true }, lines);
        }
        if byte == b'\n' || byte == b'\r' || (byte == 0xe2 && wide_space(bytes, at).1) {
            lines = true;
        }
        at += 1;
    }
    (End { at: length, closed: false }, lines)
}

/// A name, a string's inside or a template's chunk with its escapes resolved. An escape that is none stands for its letters.
pub(super) fn unescape(text: &str) -> Cow<'_, str> {
    if !text.as_bytes().contains(&b'\\') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = escape(&rest[at + 1..], &mut out);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Resolves the escape behind a backslash, and gives what follows it.
fn escape<'a>(rest: &'a str, out: &mut String) -> &'a str {
    let mut letters = rest.chars();
    let Some(letter) = letters.next() else { return rest };
    let behind = letters.as_str();
    let plain = match letter {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'v' => '\u{b}',
        '0' if !behind.starts_with(|next: char| next.is_ascii_digit()) => '\0',
        '\r' => return behind.strip_prefix('\n').unwrap_or(behind),
        '\n' | '\u{2028}' | '\u{2029}' => return behind,
        'x' => return code(behind.get(..2), behind.get(2..), 'x', behind, out),
        'u' => {
            if let Some(braced) = behind.strip_prefix('{') {
                let after = braced.trim_start_matches(|digit: char| digit.is_ascii_hexdigit());
                let digits = &braced[..braced.len() - after.len()];
                return code(Some(digits), after.strip_prefix('}'), 'u', behind, out);
            }
            return unit(behind, out);
        }
        other => other,
    };
    out.push(plain);
    behind
}

/// `\uXXXX`, or two of them that make one letter.
fn unit<'a>(behind: &'a str, out: &mut String) -> &'a str {
    let four = |text: &str| text.get(..4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    if let Some(high @ 0xd800..=0xdbff) = four(behind)
        && let Some(low @ 0xdc00..=0xdfff) = behind.get(4..).and_then(|next| next.strip_prefix("\\u")).and_then(four)
        && let Some(letter) = char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00))
    {
        out.push(letter);
        return behind.get(10..).unwrap_or_default();
    }
    code(behind.get(..4), behind.get(4..), 'u', behind, out)
}

fn code<'a>(digits: Option<&str>, after: Option<&'a str>, letter: char, behind: &'a str, out: &mut String) -> &'a str {
    let value = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
    if let (Some(value), Some(after)) = (value, after) {
        // Half of a pair has no letter of its own.
        out.push(char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER));
        return after;
    }
    out.push(letter);
    behind
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_resolved() {
        for (text, value) in [
            ("plain", "plain"),
            (r"a\n\t\\\'\q", "a\n\t\\'q"),
            (r"\x41\u0042\u{43}\u{1F600}", "ABC😀"),
            (r"\ud83d\ude00", "😀"),
            ("one\\\r\ntwo\\\nthree", "onetwothree"),
            (r"\xZ\u12\u{}", "xZu12u{}"),
            ("\\", ""),
        ] {
            assert_eq!(unescape(text), value, "{text}");
        }
    }

    #[test]
    fn numbers_end_where_they_end() {
        for number in ["0", "1_000.5e-10", ".5", "1.", "0xFFn", "0b1_0", "1e+5", "12n", "0xe", "08.5", "1E9"] {
            for behind in ["", "+1", ";", "..a", " in x"] {
                if behind == "..a" && !number.contains(['.', 'e', 'E', 'x', 'b']) {
                    continue;
                }
                assert_eq!(number_end(format!("{number}{behind}").as_bytes(), 0), number.len(), "{number}{behind}");
            }
        }
        assert_eq!(number_end(b"1..toFixed()", 0), 2);
    }
}
