//! Texts that look like a secret.

use super::facts::{Secret, Span};

/// The shortest text that can hold one.
pub(super) const SHORTEST: usize = 20;

/// Finds the secrets in a range of the text.
pub(super) fn find(bytes: &[u8], start: usize, end: usize, found: &mut Vec<(Secret, Span)>) {
    let mut at = start;
    while at + SHORTEST <= end {
        let byte = bytes[at];
        if byte != b's' && byte != b'A' && byte != b'g' && byte != b'-' {
            at += 1;
            continue;
        }
        match secret(&bytes[..end], at) {
            Some((secret, until)) if at == 0 || !is_part(bytes[at - 1]) => {
                found.push((secret, at..until));
                at = until;
            }
            // A run of letters is read once.
            Some((_, until)) => at = until,
            None => at += 1,
        }
    }
}

fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// The secret that begins here.
fn secret(bytes: &[u8], at: usize) -> Option<(Secret, usize)> {
    let rest = &bytes[at..];
    let (secret, prefix, length) = if rest.starts_with(b"sk-") {
        (Secret::Sk, 3, 20)
    } else if rest.starts_with(b"AKIA") {
        (Secret::Akia, 4, 16)
    } else if rest.starts_with(b"ghp_") {
        (Secret::Ghp, 4, 36)
    } else if rest.starts_with(b"-----BEGIN ") {
        let mut until = 11;
        while until < rest.len() && until < 64 && (rest[until].is_ascii_uppercase() || rest[until] == b' ') {
            until += 1;
        }
        let is_key = rest[..until].ends_with(b"PRIVATE KEY") && rest[until..].starts_with(b"-----");
        return is_key.then_some((Secret::PrivateKey, at + until + 5));
    } else {
        return None;
    };
    let mut until = prefix;
    let (mut digits, mut capitals, mut small) = (false, false, false);
    while until < rest.len() && is_part(rest[until]) {
        digits |= rest[until].is_ascii_digit();
        capitals |= rest[until].is_ascii_uppercase();
        small |= rest[until].is_ascii_lowercase();
        until += 1;
    }
    let text = until - prefix;
    let fits = match secret {
        // Names of classes begin so, too, and have no capitals among their small letters and digits.
        Secret::Sk => text >= length && digits && capitals && small,
        Secret::Akia => text == length && !small,
        _ => text == length,
    };
    fits.then_some((secret, at + until))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_text(text: &str) -> Vec<(Secret, Span)> {
        let mut found = Vec::new();
        find(text.as_bytes(), 0, text.len(), &mut found);
        found
    }

    #[test]
    fn secrets_are_found_and_their_like_are_not() {
        // In pieces, as these would be found here, too.
        let sk = ["sk-", "proj-Ab3dEf6hIj9kLm2nOp5q"].concat();
        let akia = ["AKIA", "IOSFODNN7EXAMPLE"].concat();
        let ghp = ["ghp_", "16C7e42F292c6912E7710c838347Ae178B4a"].concat();
        let key = ["-----BEGIN ", "RSA PRIVATE KEY-----"].concat();
        for (text, secret) in [(sk, Secret::Sk), (akia, Secret::Akia), (ghp, Secret::Ghp), (key, Secret::PrivateKey)] {
            let quoted = format!("key='{text}';");
            assert_eq!(in_text(&quoted), [(secret, 5..5 + text.len())], "{text}");
            assert_eq!(in_text(&text), [(secret, 0..text.len())], "{text}");
            assert_eq!(in_text(&text[..text.len() - 6]), [], "{text}");
        }
        for text in [
            "sk-folding-cube-animation-2",
            "task-3fA9bC8dE7fG6hI5jK4lM3",
            "-----BEGIN PUBLIC KEY-----",
            "the letters AKIA stand for nothing",
        ] {
            assert_eq!(in_text(text), [], "{text}");
        }
    }
}
