//! Script elements: classic ones take the place they run at, modules are linked.

use std::ops::Range;

use super::{PAGE, Walk, cdata};
use crate::{
    code::{self, Places},
    html::{Tag, Token},
    job::At,
    policy::Directive,
    reference::{Target, target},
    script::{self, Form, Goal, Script, escape},
};

/// Attributes that speak of a file, and mean nothing once its text is here.
const OF_FILES: [&str; 9] =
    ["src", "integrity", "crossorigin", "defer", "async", "charset", "referrerpolicy", "fetchpriority", "blocking"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Classic,
    Module,
    /// Data, which is not run.
    Data,
}

impl Walk<'_, '_> {
    pub(super) fn script(&mut self, index: usize, tag: &Tag) {
        let kind = kind(tag);
        if kind == Kind::Data {
            return;
        }
        if tag.is_foreign {
            return self.foreign_script(index, tag);
        }
        let Some(source) = tag.attribute("src") else {
            return self.inline_script(index, tag, kind);
        };
        let at = At { file: PAGE, offset: source.span.start };
        let base = self.base.clone();
        let is_module = kind == Kind::Module;
        let is_deferred = !is_module && tag.attribute("defer").is_some();
        let has_turn = (is_module || is_deferred) && tag.attribute("async").is_none();
        let Some(found) = self.job.reach(&source.value, at, &base, Directive::Code) else {
            if has_turn && !self.is_inert() && self.is_remote(&source.value) {
                self.turns.remote = true;
                self.modules.add_remote(index, at);
            }
            return;
        };
        if self.is_inert() {
            let message = "a script in a `<template>` would not find its file once it is copied";
            return self.job.error(at, message, "put the script outside of the `<template>`");
        }
        self.check_load(tag, "script", "call it at the end of the script");
        if is_module {
            self.turns.module |= has_turn;
            return self.modules.add_file(self.job, &found.path, index);
        }
        let Some(text) = self.job.text(&found.path) else { return };
        let script = script::scan(&text, Goal::Script);
        self.check_classic(&found.path, Places::From(0), &script);
        if self.job.spend(&found.path, text.len()).is_none() {
            return;
        }
        let element = format!("{}{}</script>", self.start_tag(tag), escape(&text, Goal::Script));
        let span = tag.span.start..self.end_of(index);
        if has_turn && self.turns.module {
            let help = "make it a module, or put it before the modules";
            self.job.error(at, "a deferred script after a module cannot keep its turn in one document", help);
        } else if has_turn && self.turns.remote {
            let message = "a deferred script after one of another origin cannot keep its turn in one document";
            self.job.error(at, message, "make it a module, or put it before that script");
        }
        // A script that may run at any time runs last, when everything it could look for is there.
        if is_deferred || tag.attribute("async").is_some() {
            self.deferred.push_str(&element);
            self.edits.replace(span, "");
        } else {
            self.edits.replace(span, element);
        }
    }

    fn inline_script(&mut self, index: usize, tag: &Tag, kind: Kind) {
        let span = tag.span.end..self.content_end(index);
        let text = self.raw_text(span.clone(), tag);
        self.links.look_for_opener(&text);
        if kind == Kind::Module {
            let at = At { file: PAGE, offset: span.start };
            if self.is_inert() {
                let at = At { file: PAGE, offset: tag.span.start };
                let message = "a module in a `<template>` would not find its files once it is copied";
                return self.job.error(at, message, "put the script outside of the `<template>`");
            }
            self.turns.module |= tag.attribute("async").is_none();
            let base = self.base.clone();
            return self.modules.add_text(self.job, at, &base, &text, index);
        }
        let script = script::scan(&text, Goal::Script);
        self.check_classic(PAGE, Places::From(span.start), &script);
    }

    /// Checks a script in `svg`, which is text with references there.
    fn foreign_script(&mut self, index: usize, tag: &Tag) {
        for name in ["href", "xlink:href"] {
            if let Some(href) = tag.attribute(name) {
                let at = At { file: PAGE, offset: href.span.start };
                let help = "put the script outside of the `svg`";
                self.job.error(at, "a script of `svg` cannot be put into the document", help);
                return;
            }
        }
        self.inline_script(index, tag, Kind::Classic);
    }

    /// Checks the code of an attribute such as `onclick`.
    pub(super) fn handler(&mut self, at: usize, value: &str) {
        let mut script = script::scan(value, Goal::Script);
        // It is the body of a function, so `return` and the like are at home.
        script.fault = None;
        self.check_classic(PAGE, Places::At(at), &script);
    }

    fn check_classic(&mut self, file: &str, places: Places, script: &Script) {
        code::check(self.job, file, places, script);
        for import in script.imports.iter().filter(|import| import.form == Form::Call) {
            let specifier = import.specifier.value.as_str();
            let at = At { file, offset: places.of(import.specifier.span.start) };
            match target(specifier) {
                Target::Local(_) => {
                    let message = format!("`import(\"{specifier}\")` has no server to ask");
                    self.job.error(at, message, "make the script a module: `<script type=\"module\">`");
                }
                other => self.job.check_remote(other, specifier, at, Directive::Code),
            }
        }
    }

    /// Refuses what would run once a file is loaded, of which none is any more.
    pub(super) fn check_load(&mut self, tag: &Tag, what: &str, help: &str) {
        if let Some(load) = tag.attribute("onload") {
            let at = At { file: PAGE, offset: load.span.start };
            self.job.error(
                at,
                format!("`onload` of this {what} would never run, as its file is put into the document"),
                help,
            );
        }
    }

    /// Tells whether browsers load an address of the page from another origin.
    fn is_remote(&self, url: &str) -> bool {
        match target(url) {
            Target::Remote(_) => true,
            Target::Local(_) | Target::Absolute => matches!(target(&self.base), Target::Remote(_)),
            _ => false,
        }
    }

    /// Tells whether elements here wait in a template until a script copies them.
    fn is_inert(&self) -> bool {
        self.templates.contains(&true)
    }

    /// Puts the linked modules into their elements.
    pub(super) fn put_modules(&mut self) {
        for linked in self.modules.link(self.job) {
            let Some(Token::Start(tag)) = self.tokens.get(linked.element) else { continue };
            let new =
                linked.text.map(|text| format!("{}{}</script>", self.start_tag(tag), escape(&text, Goal::Module)));
            self.edits.replace(tag.span.start..self.end_of(linked.element), new.unwrap_or_default());
        }
    }

    /// The tag of a script whose text is in the page.
    fn start_tag(&self, tag: &Tag) -> String {
        let mut out = "<script".to_owned();
        for attribute in tag.attributes.iter().filter(|attribute| !OF_FILES.contains(&attribute.name.as_str())) {
            out.push(' ');
            out.push_str(&self.page[attribute.span.clone()]);
        }
        out.push('>');
        out
    }

    /// The text of an element without elements, as its own standard reads it.
    pub(super) fn raw_text(&self, span: Range<usize>, tag: &Tag) -> String {
        let text = self.page.get(span).unwrap_or_default();
        if tag.is_foreign { cdata::blank(text) } else { text.to_owned() }
    }

    /// The byte at which the text of an element without elements ends.
    pub(super) fn content_end(&self, index: usize) -> usize {
        self.tokens.get(index + 1).map_or(self.page.len(), |next| next.span().start)
    }

    /// The byte after the end tag of an element without elements.
    pub(super) fn end_of(&self, index: usize) -> usize {
        match self.tokens.get(index + 1) {
            Some(Token::End { span, .. }) => span.end,
            _ => self.content_end(index),
        }
    }
}

fn kind(tag: &Tag) -> Kind {
    const SCRIPTS: [&str; 16] = [
        "",
        "text/javascript",
        "application/javascript",
        "application/ecmascript",
        "application/x-ecmascript",
        "application/x-javascript",
        "text/ecmascript",
        "text/javascript1.0",
        "text/javascript1.1",
        "text/javascript1.2",
        "text/javascript1.3",
        "text/javascript1.4",
        "text/javascript1.5",
        "text/jscript",
        "text/livescript",
        "text/x-javascript",
    ];
    match tag.value("type").map(|kind| kind.trim().to_ascii_lowercase()) {
        None => Kind::Classic,
        Some(kind) if kind == "module" => Kind::Module,
        Some(kind) if SCRIPTS.contains(&kind.as_str()) => Kind::Classic,
        Some(_) => Kind::Data,
    }
}
