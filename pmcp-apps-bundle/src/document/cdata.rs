//! Sections of text without references, as `svg` and `math` may have them: editors of drawings put sheets and scripts into them.

/// The mark that opens one.
pub(super) const OPEN: &str = "<![CDATA[";
const CLOSE: &str = "]]>";

/// The text with spaces in place of the marks, so that all bytes stay where they are.
pub(super) fn blank(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, within)) = rest.split_once(OPEN) {
        out.push_str(before);
        out.extend(OPEN.chars().map(|_| ' '));
        let Some((content, after)) = within.split_once(CLOSE) else {
            rest = within;
            break;
        };
        out.push_str(content);
        out.extend(CLOSE.chars().map(|_| ' '));
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::blank;

    #[test]
    fn marks_become_spaces() {
        assert_eq!(blank("a ]]> <![CDATA[é > b]]>c<![CDATA["), "a ]]>          é > b   c         ");
    }
}
