//! Scripts within a page, whose element nothing in them may end.

use super::{Goal, Piece, scan_pieces};
use crate::text::places;

/// The character in strings, templates and regular expressions.
const CODE: &str = "\\x3c";
/// The character in a template that is read as it is written.
const RAW: &str = "${\"<\"}";

/// Keeps a script from ending its element, or from hiding the end, which takes a `<!--` with a `<script` behind it. The script means the
/// same: each `<` is written as its place allows.
pub(crate) fn escape(text: &str, goal: Goal) -> String {
    let hides = text.contains("<!--") && text.to_ascii_lowercase().contains("<script");
    let words: &[&str] = if hides { &["</script", "<!--"] } else { &["</script"] };
    let mut found = places(text, words).peekable();
    if found.peek().is_none() {
        return text.to_owned();
    }
    let (pieces, _) = scan_pieces(text, goal);
    let mut forms = forms(text, &pieces).peekable();
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for at in found {
        while forms.next_if(|(_, end, _)| *end <= at).is_some() {}
        out.push_str(&text[copied..at]);
        out.push_str(match forms.peek() {
            Some((start, _, form)) if *start <= at => form,
            // In classic scripts a comment to the end of the line begins so.
            _ if goal == Goal::Script && text[at..].starts_with("<!--") => " //",
            // In code, `<` and what is behind it are two tokens; in comments, a space does not matter.
            _ => "< ",
        });
        copied = at + 1;
    }
    out.push_str(&text[copied..]);
    out
}

/// The form of a `<` in each piece of text, by its first byte and its end.
fn forms<'a>(text: &'a str, pieces: &'a [Piece]) -> impl Iterator<Item = (usize, usize, &'static str)> + 'a {
    // Templates that are open, each with whether it is read as it is written.
    let mut open = Vec::new();
    pieces.iter().map(move |piece| match *piece {
        Piece::String(start, end) | Piece::Regex(start, end) => (start, end, CODE),
        Piece::Chunk(start, end) => {
            if let Some(before) = text.get(..start).and_then(|before| before.strip_suffix('`')) {
                open.push(before.trim_end().ends_with("String.raw"));
            }
            let form = if open.last() == Some(&true) { RAW } else { CODE };
            if text.get(end..).is_some_and(|rest| rest.starts_with('`')) {
                open.pop();
            }
            (start, end, form)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{Goal, escape};

    #[test]
    fn only_what_could_end_an_element_is_escaped() {
        for (text, escaped) in [
            ("a < b; '</SCRIPT>'; a<script", "a < b; '\\x3c/SCRIPT>'; a<script"),
            ("<!-- old", "<!-- old"),
            ("'<!--<Script>'", "'\\x3c!--<Script>'"),
            ("/[</script]/", "/[\\x3c/script]/"),
            ("1</script/.exec(x)", "1< /script/.exec(x)"),
            ("// </script>\n`</script>`", "// < /script>\n`\\x3c/script>`"),
            (
                "String.raw`a${`</script>`}</script>` + `</script>`",
                "String.raw`a${`\\x3c/script>`}${\"<\"}/script>` + `\\x3c/script>`",
            ),
            ("<!-- old\nx = '<script'", " //!-- old\nx = '<script'"),
        ] {
            assert_eq!(escape(text, Goal::Script), escaped, "{text}");
        }
        assert_eq!(escape("a<!--b; '<script'", Goal::Module), "a< !--b; '<script'");
    }
}
