//! The document: the page with everything it loads put into it.

mod anchors;
mod cdata;
mod elements;
mod links;
mod modules;
mod scripts;
mod sheets;
mod srcset;
mod turns;

use std::rc::Rc;

use crate::{
    bridge,
    edits::Edits,
    html::{self, Tag, Token},
    job::{At, Job},
    mistake::{Fault, Kind, Topic},
    policy::Directive,
    reference::{Target, join, target},
};
use links::Links;
use modules::Modules;
use sheets::Sheets;
use turns::Turns;

/// The page of a widget.
pub(crate) const PAGE: &str = "index.html";

/// Makes the document of a page that was read. Mistakes go to the job.
pub(crate) fn document(job: &mut Job<'_>, page: &Rc<str>) -> String {
    let (tokens, faults) = html::tokens(page);
    let nesting = html::nesting(page, &tokens);
    let access = html::access(page, &tokens);
    for (topic, faults) in [(Topic::Markup, faults), (Topic::Markup, nesting), (Topic::Access, access)] {
        for Fault { at, message, help } in faults {
            job.tell(Kind::Error, topic, At { file: PAGE, offset: at }, message, help);
        }
    }
    let base = base(job, &tokens);
    let (edits, sheets, modules, deferred, turns, templates, links) = Default::default();
    let mut walk = Walk { job, page, tokens: &tokens, base, edits, sheets, modules, deferred, turns, templates, links };
    walk.start_bridge();
    for (index, token) in tokens.iter().enumerate() {
        match token {
            Token::Start(tag) => walk.element(index, tag),
            Token::End { name, .. } if name == "template" => {
                walk.templates.pop();
            }
            _ => {}
        }
    }
    walk.finish()
}

struct Walk<'a, 'b> {
    job: &'a mut Job<'b>,
    page: &'a Rc<str>,
    tokens: &'a [Token],
    /// The file that addresses of the page are relative to.
    base: String,
    edits: Edits,
    sheets: Sheets,
    modules: Modules,
    /// Script elements that run once the page is read.
    deferred: String,
    turns: Turns,
    /// Templates that are open, and whether their content waits for a script.
    templates: Vec<bool>,
    links: Links,
}

impl Walk<'_, '_> {
    /// Puts the bridge before all other scripts.
    fn start_bridge(&mut self) {
        let Some(identity) = &self.job.declared.bridge else { return };
        let element = bridge::element(identity);
        let at = first_of_head(self.page, self.tokens);
        self.edits.replace(at..at, element);
    }

    fn finish(mut self) -> String {
        self.put_modules();
        std::mem::take(&mut self.links).tell(self.job, PAGE);
        let end = |wanted: &str| {
            self.tokens.iter().rev().find_map(|token| match token {
                Token::End { name, span } if name == wanted => Some(span.start),
                _ => None,
            })
        };
        let at = end("body").or_else(|| end("html")).unwrap_or(self.page.len());
        self.edits.replace(at..at, std::mem::take(&mut self.deferred));
        self.edits.apply(self.page)
    }
}

/// The byte at which the first script of the head goes. The `<meta charset>` stays before it, as browsers look for it at the beginning.
fn first_of_head(page: &str, tokens: &[Token]) -> usize {
    let starts = |wanted: &str| {
        tokens.iter().position(|token| matches!(token, Token::Start(tag) if tag.name == wanted && !tag.is_foreign))
    };
    let doctype = || tokens.iter().position(|token| matches!(token, Token::Doctype { .. }));
    let Some(mut index) = starts("head").or_else(|| starts("html")).or_else(doctype) else { return 0 };
    if let Some(Token::Start(tag)) = tokens.get(index + 1)
        && tag.name == "meta"
        && tag.attribute("charset").is_some()
        && page[tokens[index].span().end..tag.span.start].trim().is_empty()
    {
        index += 1;
    }
    tokens[index].span().end
}

/// The file that addresses are relative to, or the page of another origin, as `<base>` has it.
fn base(job: &mut Job<'_>, tokens: &[Token]) -> String {
    let named = tokens.iter().find_map(|token| match token {
        Token::Start(tag @ Tag { is_foreign: false, .. }) if tag.name == "base" => tag.attribute("href"),
        _ => None,
    });
    let Some(href) = named else { return PAGE.to_owned() };
    let at = At { file: PAGE, offset: href.span.start };
    match target(&href.value) {
        Target::Local(local) => match join(PAGE, &local.path) {
            Some(path) if local.path.ends_with('/') || path.is_empty() => return format!("{path}/{PAGE}"),
            Some(path) => return path,
            None => {
                let help = format!("move the files into `{}`", job.folder.dir);
                job.error(at, format!("`{}` leaves the widget's directory", href.value), help);
            }
        },
        other => {
            let is_elsewhere = matches!(other, Target::Remote(_));
            job.check_remote(other, &href.value, at, Directive::BaseUri);
            if is_elsewhere {
                return href.value.trim().to_owned();
            }
        }
    }
    PAGE.to_owned()
}
