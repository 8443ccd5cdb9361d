//! Texts within texts: escapes for HTML, style elements, scripts and JSON.

/// Escapes a text for the content of an element or a value between double quotes.
#[must_use]
pub fn escape_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(c),
        }
    }
    out
}

/// Escapes a text for an attribute's value between double quotes, changing no more than must be.
pub(crate) fn escape_value(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;")
}

/// Keeps a style sheet from ending the element it is put into. In strings and comments, where alone the text makes sense, the escape is
/// the same character.
pub(crate) fn escape_style(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for at in places(text, &["</style"]) {
        out.push_str(&text[copied..=at]);
        out.push('\\');
        copied = at + 1;
    }
    out.push_str(&text[copied..]);
    out
}

/// The bytes at which one of these words begins, in capitals or not. Each word begins with `<`.
pub(crate) fn places<'a>(text: &'a str, words: &'a [&str]) -> impl Iterator<Item = usize> + 'a {
    let bytes = text.as_bytes();
    text.match_indices('<').map(|(at, _)| at).filter(move |at| {
        let begins = |word: &&str| {
            bytes.get(*at..at + word.len()).is_some_and(|found| found.eq_ignore_ascii_case(word.as_bytes()))
        };
        words.iter().any(begins)
    })
}

/// Writes a string of JSON that is safe within a script element, too.
pub(crate) fn json_string(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '<' | '>' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Encodes bytes as base64 with the usual alphabet and padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = (word >> (18 - 6 * place)) & 63;
            out.push(if place <= chunk.len() { char::from(ALPHABET[digit as usize]) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{base64, escape_style, json_string};

    #[test]
    fn base64_has_the_values_of_the_standard() {
        for (text, code) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(text.as_bytes()), code);
        }
        assert_eq!(base64(&[0xff, 0xfe, 0xfb]), "//77");
    }

    #[test]
    fn only_what_could_end_a_style_element_is_escaped() {
        assert_eq!(escape_style("a > b::after { content: '</style>' }"), "a > b::after { content: '<\\/style>' }");
    }

    #[test]
    fn json_ends_no_script() {
        assert_eq!(json_string("a\"b\\</script>\n"), r#""a\"b\\\u003c/script\u003e\u000a""#);
    }
}
