//! `srcset`: addresses with their widths or densities, by the rules of the HTML standard.

use std::ops::Range;

/// The bytes of each address in the value.
pub(crate) fn addresses(value: &str) -> Vec<Range<usize>> {
    let bytes = value.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    loop {
        while bytes.get(at).is_some_and(|byte| byte.is_ascii_whitespace() || *byte == b',') {
            at += 1;
        }
        if at >= bytes.len() {
            return found;
        }
        let start = at;
        while bytes.get(at).is_some_and(|byte| !byte.is_ascii_whitespace()) {
            at += 1;
        }
        let end = start + value[start..at].trim_end_matches(',').len();
        found.push(start..end);
        if end == at {
            at = after_descriptors(bytes, at);
        }
    }
}

/// The byte after the comma that ends the descriptors.
fn after_descriptors(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => break,
            _ => {}
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::addresses;

    #[test]
    fn an_address_ends_at_a_space_and_not_at_each_comma() {
        let value = " a.png 1x,b,c.png 2x, d.png, data:image/png;base64,xx 3x,e.png (1, 2) , f.png";
        let found: Vec<&str> = addresses(value).into_iter().map(|span| &value[span]).collect();
        assert_eq!(found, ["a.png", "b,c.png", "d.png", "data:image/png;base64,xx", "e.png", "f.png"]);
    }
}
