//! Texts of others, made fit for a terminal, and names that were meant.

use std::fmt::Write as _;

/// The likeness from which a name is taken for the one that was meant.
const LIKE: f64 = 0.8;

/// A text of a server as a terminal may show it: its control characters, with which it could write anything anywhere, and those that turn
/// the direction of others are written out.
pub(crate) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if is_obeyed(c) {
            // Writing to a text does not fail.
            let _ = write!(plain, "\\u{{{:x}}}", u32::from(c));
        } else {
            plain.push(c);
        }
    }
    plain
}

/// The same in one line.
pub(crate) fn line(text: &str) -> String {
    plain(text.trim()).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first sentence or line, for a list.
pub(crate) fn first_line(text: &str) -> String {
    line(text.trim().lines().next().unwrap_or_default())
}

/// A line as it stands in Markdown: none of it is code, a link or an element.
pub(crate) fn prose(text: &str) -> String {
    let mut prose = String::with_capacity(text.len());
    for c in line(text).chars() {
        if matches!(c, '\\' | '`' | '[' | '<' | '&') {
            prose.push('\\');
        }
        prose.push(c);
    }
    prose
}

/// A line as code in Markdown, whatever it holds.
pub(crate) fn code(text: &str) -> String {
    let text = line(text);
    let runs = text.split(|c| c != '`').map(str::len);
    let fence = "`".repeat(runs.max().unwrap_or_default() + 1);
    let space = if text.starts_with('`') || text.ends_with('`') || text.is_empty() { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// The name of a program or a tool as people would write it: `show_board` is `Show board`.
pub(crate) fn as_title(name: &str) -> String {
    let spaced = line(&name.replace(['-', '_'], " "));
    let mut characters = spaced.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// The text as a word of a command line.
pub(crate) fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./\\:".contains(c);
    let is_one = !text.is_empty() && text.chars().all(is_plain);
    if is_one { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// Set if a terminal would obey the character in place of showing it.
pub(crate) fn is_obeyed(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t')) || is_turning(c)
}

fn is_turning(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The name that was meant, if one is like it.
pub(crate) fn meant<'a>(given: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |name: &str| strsim::jaro_winkler(&given.to_lowercase(), &name.to_lowercase());
    let likely = names.into_iter().map(|name| (likeness(name), name)).filter(|(likeness, _)| *likeness > LIKE);
    likely.max_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, name)| name)
}

/// The names, each as it is typed.
pub(crate) fn quoted<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(|name| format!("`{}`", plain(name))).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_of_a_command_line() {
        assert_eq!(word("apps/my-app"), "apps/my-app");
        assert_eq!(word("my apps/it's; rm -r"), r"'my apps/it'\''s; rm -r'");
        assert_eq!(word(""), "''");
    }

    #[test]
    fn nothing_of_a_server_moves_the_cursor() {
        assert_eq!(plain("a\tb\nc \u{1b}[2Jd\r\u{9b}1m\u{202e}x"), "a\tb\nc \\u{1b}[2Jd\\u{d}\\u{9b}1m\\u{202e}x");
        assert_eq!(line(" two\n  lines\u{7} "), "two lines\\u{7}");
    }

    #[test]
    fn a_text_of_a_server_is_text_in_markdown() {
        assert_eq!(prose("a [b](c) <d> `e` \\ & f\n# g"), r"a \[b](c) \<d> \`e\` \\ \& f # g");
        for (text, of) in [("show_board", "`show_board`"), ("a``b`c", "```a``b`c```"), ("`a", "`` `a ``")] {
            assert_eq!(code(text), of);
        }
    }

    #[test]
    fn a_name_is_written_as_a_title() {
        for (name, title) in [("show_board", "Show board"), ("--x", "X"), ("", "")] {
            assert_eq!(as_title(name), title);
        }
    }

    #[test]
    fn a_misspelt_name_is_known() {
        let names = ["show_board", "move_piece", "analyse"];
        assert_eq!(meant("shwo_board", names), Some("show_board"));
        assert_eq!(meant("Analyze", names), Some("analyse"));
        assert_eq!(meant("weather", names), None);
    }
}
