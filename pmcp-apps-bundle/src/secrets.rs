//! Texts that look like a secret.

/// Kinds of secret: how it begins, the length of the rest, and what messages show of it.
const KINDS: [Kind; 9] = [
    Kind { prefix: "sk-", least: 20, most: usize::MAX, shown: "sk-…", is_mixed: true },
    Kind { prefix: "sk_live_", least: 20, most: usize::MAX, shown: "sk_live_…", is_mixed: false },
    Kind { prefix: "AKIA", least: 16, most: 16, shown: "AKIA…", is_mixed: false },
    Kind { prefix: "AIza", least: 35, most: 35, shown: "AIza…", is_mixed: false },
    Kind { prefix: "ghp_", least: 36, most: 36, shown: "ghp_…", is_mixed: false },
    Kind { prefix: "github_pat_", least: 60, most: usize::MAX, shown: "github_pat_…", is_mixed: false },
    Kind { prefix: "xoxb-", least: 20, most: usize::MAX, shown: "xoxb-…", is_mixed: false },
    Kind { prefix: "xoxp-", least: 20, most: usize::MAX, shown: "xoxp-…", is_mixed: false },
    Kind { prefix: "xoxa-", least: 20, most: usize::MAX, shown: "xoxa-…", is_mixed: false },
];

struct Kind {
    prefix: &'static str,
    least: usize,
    most: usize,
    shown: &'static str,
    /// It has capitals, small letters and digits. Names of classes begin like it, and have no capitals.
    is_mixed: bool,
}

/// The header of a private key is looked for in so many bytes.
const HEADER: usize = 64;

/// The secrets in a text: the byte of each, and how it begins.
pub(crate) fn find(text: &str) -> impl Iterator<Item = (usize, &'static str)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() {
            let start = at;
            at += 1;
            // What is within a run of letters begins none, so a run is read once.
            let is_begin = matches!(bytes[start], b's' | b'A' | b'g' | b'x' | b'-');
            if !is_begin || start.checked_sub(1).is_some_and(|before| is_part(bytes[before])) {
                continue;
            }
            if let Some(shown) = secret(&bytes[start..]) {
                return Some((start, shown));
            }
        }
        None
    })
}

fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// The beginning of the secret that this begins with.
fn secret(rest: &[u8]) -> Option<&'static str> {
    if let Some(header) = rest.strip_prefix(b"-----BEGIN ") {
        let header = &header[..header.len().min(HEADER)];
        let end = header.iter().position(|byte| !byte.is_ascii_uppercase() && *byte != b' ')?;
        let is_key = header[..end].ends_with(b"PRIVATE KEY") && header[end..].starts_with(b"-----");
        return is_key.then_some("PRIVATE KEY");
    }
    let kind = KINDS.iter().find(|kind| rest.starts_with(kind.prefix.as_bytes()))?;
    let rest = &rest[kind.prefix.len()..];
    let rest = &rest[..rest.iter().position(|byte| !is_part(*byte)).unwrap_or(rest.len())];
    let has = |is: fn(&u8) -> bool| rest.iter().any(is);
    let is_whole = !kind.is_mixed || (has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase));
    // Text in capitals or words has no digits.
    let fits = (kind.least..=kind.most).contains(&rest.len()) && has(u8::is_ascii_digit) && is_whole;
    let is_capital = kind.prefix != "AKIA" || !has(u8::is_ascii_lowercase);
    (fits && is_capital).then_some(kind.shown)
}

#[cfg(test)]
mod tests {
    use super::find;

    fn in_text(text: &str) -> Vec<(usize, &'static str)> {
        find(text).collect()
    }

    #[test]
    fn secrets_are_found_and_their_like_are_not() {
        // In pieces, as these would be found here, too.
        for (parts, shown) in [
            (["sk-", "proj-Ab3dEf6hIj9kLm2nOp5q"], "sk-…"),
            (["sk_live_", "51Hq8rPabcdefghijklm"], "sk_live_…"),
            (["AKIA", "IOSFODNN7EXAMPLE"], "AKIA…"),
            (["AIza", "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q"], "AIza…"),
            (["ghp_", "16C7e42F292c6912E7710c838347Ae178B4a"], "ghp_…"),
            (["github_pat_", "11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz0123456789ABCDEFGHIJKLMN"], "github_pat_…"),
            (["xoxb-", "123456789012-abcDEFgh"], "xoxb-…"),
            (["-----BEGIN ", "RSA PRIVATE KEY-----"], "PRIVATE KEY"),
        ] {
            let text = parts.concat();
            assert_eq!(in_text(&format!("key='{text}';")), [(5, shown)], "{text}");
            assert_eq!(in_text(&text), [(0, shown)], "{text}");
            assert_eq!(in_text(&text[..text.len() - 6]), [], "{text}");
        }
        for text in [
            "sk-folding-cube-animation-2",
            "task-3fA9bC8dE7fG6hI5jK4lM3",
            "-----BEGIN PUBLIC KEY-----",
            "the letters AKIA stand for nothing",
            "xoxb-what-a-slack-token-is",
        ] {
            assert_eq!(in_text(text), [], "{text}");
        }
    }

    #[test]
    fn texts_like_secrets_take_linear_time() {
        let begin = std::time::Instant::now();
        for text in ["sk-", "AKIA", "xoxb-", "-----BEGIN "] {
            assert_eq!(in_text(&text.repeat(1 << 18)), [], "{text}");
        }
        assert!(begin.elapsed() < std::time::Duration::from_secs(20), "{:?}", begin.elapsed());
    }
}
