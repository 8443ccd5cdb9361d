//! Nesting of elements: each that must be closed is, and nothing is closed that is not open.

use super::Token;
use crate::{by_name::ByName, mistake::Fault};

/// Elements within each other that browsers keep apart.
const DEEPEST: usize = 512;

/// The faults in the nesting of a page.
pub(crate) fn nesting(page: &str, tokens: &[Token]) -> Vec<Fault> {
    let mut stack = Stack { page, open: Vec::new(), count: ByName::default(), faults: Vec::new() };
    for token in tokens {
        match token {
            Token::Start(tag) => {
                let is_done = if tag.is_foreign { tag.self_closing } else { is_void(&tag.name) };
                if !tag.is_foreign {
                    stack.imply_ends(&tag.name);
                } else if breaks_out(&tag.name) && !stack.is_in("math") {
                    let message = format!("`<{}>` ends the `<svg>` around it", tag.name);
                    let help = "put it into a `<foreignObject>`, or behind the `</svg>`".to_owned();
                    stack.faults.push(Fault { at: tag.span.start, message, help });
                    // What is behind it is somewhere else than it is written.
                    stack.open.clear();
                    break;
                }
                if !is_done && !stack.push(&tag.name, tag.span.start) {
                    break;
                }
            }
            Token::End { name, span } => stack.end(name, span.start, &page[span.clone()]),
            Token::Comment { .. } | Token::Doctype { .. } => {}
        }
    }
    stack.finish()
}

struct Stack<'a> {
    page: &'a str,
    open: Vec<(&'a str, usize)>,
    /// Elements of each name that are open, so that looking for one costs nothing.
    count: ByName<usize>,
    faults: Vec<Fault>,
}

impl<'a> Stack<'a> {
    fn push(&mut self, name: &'a str, at: usize) -> bool {
        if self.open.len() >= DEEPEST {
            let message = format!("elements are nested more than {DEEPEST} deep");
            self.faults.push(Fault { at, message, help: "use fewer elements within each other".to_owned() });
            self.open.clear();
            return false;
        }
        self.open.push((name, at));
        match self.count.get_mut(name) {
            Some(count) => *count += 1,
            None => _ = self.count.insert(name, 1),
        }
        true
    }

    fn is_in(&self, name: &str) -> bool {
        self.count.get(name).is_some_and(|count| *count > 0)
    }

    fn pop(&mut self) -> Option<(&'a str, usize)> {
        let top = self.open.pop()?;
        if let Some(count) = self.count.get_mut(top.0) {
            *count -= 1;
        }
        Some(top)
    }

    /// Ends the elements that this one cannot be in.
    fn imply_ends(&mut self, name: &str) {
        while self.open.last().is_some_and(|(open, _)| is_ended_by(open, name)) {
            self.pop();
        }
    }

    fn end(&mut self, name: &str, at: usize, written: &str) {
        if !self.is_in(name) {
            let message = format!("`{}` closes nothing", shown(written));
            self.faults.push(Fault { at, message, help: "remove it, or open the element before".to_owned() });
            return;
        }
        while let Some((open, opened)) = self.pop() {
            if open == name {
                return;
            }
            if !may_stay_open(open) {
                self.never_closed(open, opened, &format!("before `{}`", shown(written)));
            }
        }
    }

    fn never_closed(&mut self, name: &str, at: usize, place: &str) {
        // The name as it is written: those of `svg` have capitals.
        let written = self.page.get(at + 1..at + 1 + name.len()).unwrap_or(name);
        let message = format!("`<{written}>` is never closed");
        self.faults.push(Fault { at, message, help: format!("add `</{written}>` {place}") });
    }

    fn finish(mut self) -> Vec<Fault> {
        while let Some((name, at)) = self.pop() {
            if !may_stay_open(name) {
                self.never_closed(name, at, "at the end");
            }
        }
        self.faults
    }
}

/// An end tag without spaces before its `>`.
fn shown(written: &str) -> String {
    format!("{}>", written.trim_end_matches('>').trim_end())
}

fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "br"
            | "col"
            | "embed"
            | "hr"
            | "img"
            | "input"
            | "link"
            | "meta"
            | "param"
            | "source"
            | "track"
            | "wbr"
    )
}

/// Elements of which the standard lets the end tag be left out.
fn may_stay_open(name: &str) -> bool {
    matches!(
        name,
        "html"
            | "head"
            | "body"
            | "p"
            | "li"
            | "dt"
            | "dd"
            | "rt"
            | "rp"
            | "option"
            | "optgroup"
            | "thead"
            | "tbody"
            | "tfoot"
            | "tr"
            | "td"
            | "th"
            | "colgroup"
            | "caption"
            | "plaintext"
    )
}

/// Elements of HTML before which browsers close all of `svg`. In `math` some elements hold them.
fn breaks_out(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "b",
        "big",
        "blockquote",
        "body",
        "br",
        "center",
        "code",
        "dd",
        "div",
        "dl",
        "dt",
        "em",
        "embed",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "head",
        "hr",
        "i",
        "img",
        "li",
        "listing",
        "menu",
        "meta",
        "nobr",
        "ol",
        "p",
        "pre",
        "ruby",
        "s",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "table",
        "tt",
        "u",
        "ul",
        "var",
    ];
    NAMES.binary_search(&name).is_ok()
}

fn is_ended_by(open: &str, next: &str) -> bool {
    match open {
        "head" => next == "body",
        "li" => next == "li",
        "dt" | "dd" => matches!(next, "dt" | "dd"),
        "rt" | "rp" => matches!(next, "rt" | "rp"),
        "option" => matches!(next, "option" | "optgroup"),
        "optgroup" => next == "optgroup",
        "colgroup" | "caption" => matches!(next, "thead" | "tbody" | "tfoot" | "tr" | "colgroup"),
        "td" | "th" => matches!(next, "td" | "th" | "tr" | "tbody" | "tfoot"),
        "tr" => matches!(next, "tr" | "tbody" | "tfoot"),
        "thead" | "tbody" | "tfoot" => matches!(next, "tbody" | "tfoot"),
        "p" => is_block(next),
        _ => false,
    }
}

/// Elements that end a paragraph before them.
fn is_block(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "center"
            | "details"
            | "dialog"
            | "dd"
            | "div"
            | "dl"
            | "dt"
            | "fieldset"
            | "figcaption"
            | "figure"
            | "footer"
            | "form"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "header"
            | "hgroup"
            | "hr"
            | "li"
            | "main"
            | "menu"
            | "nav"
            | "ol"
            | "p"
            | "pre"
            | "search"
            | "section"
            | "summary"
            | "table"
            | "ul"
    )
}

#[cfg(test)]
mod tests {
    use super::nesting;
    use crate::html::tokens;

    fn faults(page: &str) -> Vec<(usize, String, String)> {
        nesting(page, &tokens(page).0).into_iter().map(|fault| (fault.at, fault.message, fault.help)).collect()
    }

    #[test]
    fn what_the_standard_lets_be_left_out_may_be_left_out() {
        for page in [
            "<ul><li>a<li>b</ul>",
            "<p>a<p>b<div>c</div>",
            "<table><caption>a<tr><td>b<td>c<tr><th>d</table>",
            "<table><thead><tr><td>a<tbody><tr><td>b<tfoot><tr><td>c</table>",
            "<dl><dt>a<dd>b<dt>c<dd>d</dl>",
            "<select><optgroup label=a><option>b<option>c<optgroup label=d><option>e</select>",
            "<html><head><title>a</title><body><br><img><input>",
            "<svg><path/><g><circle/></g></svg><math><mi>x</mi></math>",
            "<svg><foreignObject><p>a</foreignObject></svg>",
            "<ruby>a<rp>(<rt>b<rp>)</ruby>",
        ] {
            assert_eq!(faults(page), [], "{page}");
        }
    }

    #[test]
    fn one_mistake_is_told_once() {
        let fault = |at, message: &str, help: &str| (at, message.to_owned(), help.to_owned());
        let closes_nothing = "remove it, or open the element before";
        for (page, expected) in [
            ("<div><span>a</div>", fault(5, "`<span>` is never closed", "add `</span>` before `</div>`")),
            ("<p>a</b></p>", fault(4, "`</b>` closes nothing", closes_nothing)),
            ("<p>a<div>b</div></p>", fault(16, "`</p>` closes nothing", closes_nothing)),
            ("<div>a", fault(0, "`<div>` is never closed", "add `</div>` at the end")),
            (
                "<svg><linearGradient></svg>",
                fault(5, "`<linearGradient>` is never closed", "add `</linearGradient>` before `</svg>`"),
            ),
            ("<div/>a", fault(0, "`<div>` is never closed", "add `</div>` at the end")),
            ("a</br >", fault(1, "`</br>` closes nothing", closes_nothing)),
        ] {
            assert_eq!(faults(page), [expected], "{page}");
        }
    }

    #[test]
    fn depth_has_an_end() {
        let page = "<b>".repeat(200_000) + &"</i>".repeat(200_000);
        let found = faults(&page);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].1, "elements are nested more than 512 deep");
    }
}
