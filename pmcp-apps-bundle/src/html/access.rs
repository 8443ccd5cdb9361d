//! Access: what a page owes to readers who do not see it, as far as its tags tell.

use super::{Tag, Token};
use crate::mistake::Fault;

/// The faults of a page for readers who do not see it.
pub(crate) fn access(page: &str, tokens: &[Token]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut fault = |at, message: &str, help: &str| {
        faults.push(Fault { at, message: message.to_owned(), help: help.to_owned() });
    };
    if !tokens.iter().any(|token| matches!(token, Token::Doctype { is_html: true, .. })) {
        fault(0, "the document has no doctype", "write `<!doctype html>` in the first line");
    }
    let html = starts(tokens).find(|tag| tag.name == "html" && !tag.is_foreign);
    if html.and_then(|tag| tag.value("lang")).is_none_or(|lang| lang.trim().is_empty()) {
        let help = "write `<html lang=\"en\">`, or the language it is in";
        fault(html.map_or(0, |tag| tag.span.start), "the document has no `lang`", help);
    }
    if !has_title(page, tokens) {
        let head = starts(tokens).find(|tag| tag.name == "head");
        fault(
            head.map_or(0, |tag| tag.span.start),
            "the document has no `title`",
            "write `<title>…</title>` in its `head`",
        );
    }
    let mut templates = 0_usize;
    let mut buttons = Buttons::default();
    let mut end = 0;
    for token in tokens {
        let span = token.span();
        if page.get(end..span.start).is_some_and(|text| !text.trim().is_empty()) {
            buttons.tell();
        }
        end = span.end;
        match token {
            Token::Start(tag) if tag.name == "template" => templates += 1,
            Token::End { name, .. } if name == "template" => templates = templates.saturating_sub(1),
            Token::End { name, .. } if name == "button" && templates == 0 => buttons.end(),
            Token::Start(tag) if tag.name == "button" && templates == 0 => {
                buttons.open.push((span.start, is_named(tag)));
            }
            // An image with a description is text, and a slot has that of whoever fills it.
            Token::Start(tag)
                if is_named(tag)
                    || tag.name == "slot"
                    || tag.value("alt").is_some_and(|alt| !alt.trim().is_empty()) =>
            {
                buttons.tell();
            }
            // What a template lacks, a script fills in.
            Token::Start(tag) if templates == 0 && !tag.is_foreign && is_image(tag) && !is_described(tag) => {
                let help = "describe it in `alt=\"…\"`; write `alt=\"\"` if it is decoration";
                fault(tag.span.start, "this image has no `alt`", help);
            }
            _ => {}
        }
    }
    for at in buttons.finish() {
        faults.push(Fault {
            at,
            message: "this button has no text".to_owned(),
            help: "write text in it, or `aria-label=\"…\"`".to_owned(),
        });
    }
    faults
}

/// Buttons, and which of them have text: that of an element within is theirs, too.
#[derive(Default)]
struct Buttons {
    open: Vec<(usize, bool)>,
    silent: Vec<usize>,
}

impl Buttons {
    fn tell(&mut self) {
        if let Some((_, is_told)) = self.open.last_mut() {
            *is_told = true;
        }
    }

    fn end(&mut self) {
        match self.open.pop() {
            Some((_, true)) => self.tell(),
            Some((at, false)) => self.silent.push(at),
            None => {}
        }
    }

    fn finish(mut self) -> Vec<usize> {
        while !self.open.is_empty() {
            self.end();
        }
        self.silent
    }
}

fn starts(tokens: &[Token]) -> impl Iterator<Item = &Tag> {
    tokens.iter().filter_map(|token| match token {
        Token::Start(tag) => Some(tag),
        _ => None,
    })
}

fn has_title(page: &str, tokens: &[Token]) -> bool {
    tokens.windows(2).any(|pair| match pair {
        [Token::Start(tag), end] => {
            tag.name == "title" && !tag.is_foreign && !page[tag.span.end..end.span().start].trim().is_empty()
        }
        _ => false,
    })
}

fn is_image(tag: &Tag) -> bool {
    tag.name == "img"
        || tag.name == "area" && tag.attribute("href").is_some()
        || tag.name == "input" && tag.says("type", "image")
}

fn is_described(tag: &Tag) -> bool {
    tag.attribute("alt").is_some() || is_named(tag) || tag.says("role", "none") || tag.says("role", "presentation")
}

fn is_named(tag: &Tag) -> bool {
    ["aria-label", "aria-labelledby", "title"]
        .iter()
        .any(|name| tag.value(name).is_some_and(|value| !value.trim().is_empty()))
}

#[cfg(test)]
mod tests {
    use super::access;
    use crate::html::tokens;

    fn faults(body: &str) -> Vec<String> {
        let page = format!("<!DOCTYPE html><html lang=en><title>a</title>{body}");
        access(&page, &tokens(&page).0).into_iter().map(|fault| fault.message).collect()
    }

    #[test]
    fn a_name_in_any_form_is_enough() {
        for body in [
            "<button>a</button>",
            "<button aria-label=a><svg></svg></button>",
            "<button><img src=a alt=b></button>",
            "<button><svg><title>a</title></svg></button>",
            "<button><b><i>a</i></b></button>",
            "<template><button></button><img></template>",
            "<img alt><img role=presentation>",
        ] {
            assert_eq!(faults(body), Vec::<String>::new(), "{body}");
        }
    }

    #[test]
    fn the_text_of_a_neighbour_is_none() {
        assert_eq!(faults("<button> <img alt=''></button>a<button>b</button>"), ["this button has no text"]);
        assert_eq!(faults("<img title=''>"), ["this image has no `alt`"]);
        assert_eq!(faults("<svg><title>a</title></svg><img>"), ["this image has no `alt`"]);
    }
}
