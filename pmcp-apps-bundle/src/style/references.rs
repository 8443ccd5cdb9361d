//! References of a style sheet: addresses, images in sets and imports, each with its place and the form it is written in.

use std::ops::Range;

use super::tokens::{Kind, Token, tokens};
use crate::mistake::Fault;

/// The references of a text, in its order.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    pub(crate) imports: Vec<Import>,
    pub(crate) references: Vec<Reference>,
    /// Faults after which browsers read on in a way that nobody means.
    pub(crate) faults: Vec<Fault>,
    /// The `@charset` at the beginning, which has no meaning elsewhere.
    pub(crate) charset: Option<Range<usize>>,
    /// A rule that may stand only at the beginning of a file of its own.
    pub(crate) namespace: Option<usize>,
    /// A last statement without its `;`, which the end of the file ends.
    pub(crate) is_unfinished: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) url: String,
    /// The text to replace: a string with its quotes, or a whole `url(…)`.
    pub(crate) span: Range<usize>,
    pub(crate) form: Form,
    pub(crate) is_font: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    Url,
}

/// An `@import`, to its `;`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Import {
    pub(crate) url: String,
    pub(crate) at: usize,
    pub(crate) span: Range<usize>,
    /// The layer, of which the name may be empty.
    pub(crate) layer: Option<String>,
    pub(crate) supports: Option<String>,
    pub(crate) media: String,
}

impl Import {
    pub(crate) fn is_conditional(&self) -> bool {
        self.layer.is_some() || self.supports.is_some() || !self.media.is_empty()
    }
}

/// The references of a style attribute, which is a list of declarations.
pub(crate) fn attribute(text: &str) -> Vec<Reference> {
    sheet(text).references
}

/// The references of a whole sheet.
pub(crate) fn sheet(text: &str) -> Sheet {
    let mut scan =
        Scan { text, sheet: Sheet::default(), open: Vec::new(), fonts: 0, rule: None, prelude: None, may_import: true };
    let mut tokens = tokens(text);
    while let Some(token) = tokens.next() {
        match &token.kind {
            Kind::At(name) if name.eq_ignore_ascii_case("import") && scan.open.is_empty() && scan.may_import => {
                scan.import(token.span.start, &mut tokens);
            }
            _ => scan.token(token),
        }
    }
    if let Some(open) = scan.open.first() {
        let (message, help) = match open.close {
            b'}' => ("`{` is never closed", "add `}` at the end of its rule"),
            b']' => ("`[` is never closed", "add `]`"),
            _ => ("`(` is never closed", "add `)`"),
        };
        scan.fault(open.at, message, help);
    }
    match scan.prelude {
        Some(Prelude { is_at_rule: true, .. }) => scan.sheet.is_unfinished = scan.open.is_empty(),
        Some(Prelude { at, .. }) if scan.open.is_empty() => {
            scan.fault(at, "this rule has no block", "add `{ … }`, or remove it");
        }
        _ => {}
    }
    scan.sheet
}

struct Open {
    close: u8,
    at: usize,
    inside: Inside,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Plain,
    FontFace,
    Url,
    ImageSet,
}

struct Scan<'a> {
    text: &'a str,
    sheet: Sheet,
    open: Vec<Open>,
    /// Open blocks that are of fonts.
    fonts: usize,
    /// The at-rule whose block or `;` is still to come.
    rule: Option<String>,
    may_import: bool,
    /// The beginning of a rule outside of all blocks whose block or `;` is still to come.
    prelude: Option<Prelude>,
}

#[derive(Clone, Copy)]
struct Prelude {
    at: usize,
    is_at_rule: bool,
}

impl Scan<'_> {
    fn token(&mut self, token: Token) {
        self.watch_beginning(&token);
        let Token { kind, span } = token;
        let inside = self.open.last().map(|open| open.inside);
        match kind {
            Kind::At(name) => self.at_rule(&name, span.start),
            Kind::Open(byte) => {
                let rule = if byte == b'{' { self.rule.take() } else { None };
                let inside = if rule.as_deref() == Some("font-face") { Inside::FontFace } else { Inside::Plain };
                self.open(byte, span.start, inside);
            }
            Kind::Function(name) => {
                let inside = match name.to_ascii_lowercase().as_str() {
                    "url" => Inside::Url,
                    "image-set" | "-webkit-image-set" => Inside::ImageSet,
                    _ => Inside::Plain,
                };
                self.open(b'(', span.start, inside);
            }
            Kind::Close(byte) => self.close(byte, span.start),
            Kind::Semicolon => {
                let is_first = self.open.is_empty() && self.prelude.is_some_and(|prelude| prelude.at == 0);
                if let Some(charset) = self.sheet.charset.as_mut().filter(|_| is_first) {
                    charset.end = span.end;
                }
                // Within parentheses it ends nothing.
                if self.open.last().is_none_or(|open| open.close == b'}') {
                    self.rule = None;
                }
                if self.open.is_empty() && self.prelude.is_some_and(|prelude| prelude.is_at_rule) {
                    self.prelude = None;
                }
            }
            Kind::Text { closed: false, .. } => self.fault(span.start, "this string is never closed", "add the quote"),
            Kind::Text { value, .. } if matches!(inside, Some(Inside::Url | Inside::ImageSet)) => {
                self.refer(value, span, Form::Text);
            }
            Kind::Url { value, closed } => {
                if !closed {
                    self.fault(span.start, "`url(` is never closed", "add `)`");
                }
                self.refer(value, span, Form::Url);
            }
            Kind::BadUrl => {
                self.fault(
                    span.start,
                    "this `url(…)` has a character that ends it",
                    "write the address between quotes",
                );
            }
            Kind::Comment { closed: false } => self.fault(span.start, "this comment is never closed", "add `*/`"),
            _ => {}
        }
    }

    /// Imports may follow only each other, statements of layers and the `@charset`.
    fn watch_beginning(&mut self, token: &Token) {
        if !self.open.is_empty() {
            return;
        }
        let keeps = match &token.kind {
            Kind::Space | Kind::Comment { .. } | Kind::Semicolon => true,
            Kind::At(name) => {
                name.eq_ignore_ascii_case("layer") || (name.eq_ignore_ascii_case("charset") && token.span.start == 0)
            }
            Kind::Other if ["<!--", "-->"].contains(&&self.text[token.span.clone()]) => true,
            Kind::Open(b'{') => false,
            _ => matches!(self.rule.as_deref(), Some("layer" | "charset")),
        };
        self.may_import &= keeps;
        let is_rule = match &token.kind {
            Kind::Space | Kind::Comment { .. } | Kind::Close(b'}') => false,
            Kind::Other => !["<!--", "-->"].contains(&&self.text[token.span.clone()]),
            _ => true,
        };
        if is_rule && self.prelude.is_none() {
            self.prelude = Some(Prelude { at: token.span.start, is_at_rule: matches!(token.kind, Kind::At(_)) });
        }
    }

    fn at_rule(&mut self, name: &str, at: usize) {
        let name = name.to_ascii_lowercase();
        match name.as_str() {
            "import" => self.fault(
                at,
                "browsers ignore an `@import` after other rules",
                "move it to the beginning of the sheet",
            ),
            "namespace" => self.sheet.namespace = self.sheet.namespace.or(Some(at)),
            // Browsers ignore a later one.
            "charset" if at == 0 => self.sheet.charset = Some(0..0),
            _ => {}
        }
        self.rule = Some(name);
    }

    fn open(&mut self, byte: u8, at: usize, inside: Inside) {
        let close = match byte {
            b'{' => b'}',
            b'[' => b']',
            _ => b')',
        };
        self.fonts += usize::from(inside == Inside::FontFace);
        self.open.push(Open { close, at, inside });
    }

    fn close(&mut self, byte: u8, at: usize) {
        match self.open.last() {
            Some(open) if open.close == byte => {
                self.fonts -= usize::from(open.inside == Inside::FontFace);
                self.open.pop();
                if byte == b'}' {
                    self.rule = None;
                    if self.open.is_empty() {
                        self.prelude = None;
                    }
                }
            }
            // Within a block of another kind it is a character like others.
            None if byte == b'}' => self.fault(at, "`}` closes nothing", "remove it, or open the block before"),
            _ => {}
        }
    }

    fn refer(&mut self, url: String, span: Range<usize>, form: Form) {
        // A namespace is a name that looks like an address.
        if self.rule.as_deref() != Some("namespace") {
            let is_font = self.fonts > 0;
            self.sheet.references.push(Reference { url, span, form, is_font });
        }
    }

    fn fault(&mut self, at: usize, message: &'static str, help: &'static str) {
        self.sheet.faults.push(Fault { at, message: message.to_owned(), help: help.to_owned() });
    }

    /// Reads the statement that an `@import` begins.
    fn import(&mut self, start: usize, rest: &mut super::tokens::Tokens<'_>) {
        let mut url = None;
        let mut parts = Parts::default();
        let mut depth = 0_usize;
        let mut end = self.text.len();
        for token in rest.by_ref() {
            match &token.kind {
                Kind::Semicolon if depth == 0 => {
                    end = token.span.end;
                    break;
                }
                Kind::Function(_) | Kind::Open(_) => depth += 1,
                Kind::Close(_) => depth = depth.saturating_sub(1),
                Kind::Text { value, closed: true } if url.is_none() => {
                    url = Some((value.clone(), token.span.start));
                    // The `)` of `url("…")` belongs to the address.
                    parts.skip_close = depth > 0;
                    continue;
                }
                Kind::Url { value, .. } if url.is_none() => {
                    url = Some((value.clone(), token.span.start));
                    continue;
                }
                _ => {}
            }
            if url.is_some() {
                parts.take(self.text, &token, depth);
            }
            end = token.span.end;
        }
        match url {
            Some((url, at)) => {
                let Parts { layer, supports, media, .. } = parts;
                let media = media.trim().to_owned();
                self.sheet.imports.push(Import { url, at, span: start..end, layer, supports, media });
            }
            None => self.fault(start, "this `@import` names nothing", "write `@import \"./other.css\";`"),
        }
    }
}

/// The conditions of an import, in the order in which they may stand: a layer, `supports(…)`, media.
#[derive(Default)]
struct Parts {
    skip_close: bool,
    layer: Option<String>,
    supports: Option<String>,
    media: String,
    /// The function that is being read.
    within: Option<Within>,
}

#[derive(Clone, Copy)]
enum Within {
    Layer,
    Supports,
}

impl Parts {
    fn take(&mut self, text: &str, token: &Token, depth: usize) {
        let raw = &text[token.span.clone()];
        if self.skip_close {
            self.skip_close = !matches!(token.kind, Kind::Close(_)) || depth > 0;
            return;
        }
        if let Some(within) = self.within {
            if depth == 0 {
                self.within = None;
                return;
            }
            let part = match within {
                Within::Layer => &mut self.layer,
                Within::Supports => &mut self.supports,
            };
            part.get_or_insert_default().push_str(raw);
            return;
        }
        let before_media = self.media.trim().is_empty();
        let before_supports = before_media && self.supports.is_none();
        match &token.kind {
            Kind::Word(word) if before_supports && self.layer.is_none() && word.eq_ignore_ascii_case("layer") => {
                self.layer = Some(String::new());
            }
            Kind::Function(name) if before_supports && self.layer.is_none() && name.eq_ignore_ascii_case("layer") => {
                self.layer = Some(String::new());
                self.within = Some(Within::Layer);
            }
            Kind::Function(name) if before_supports && name.eq_ignore_ascii_case("supports") => {
                self.supports = Some(String::new());
                self.within = Some(Within::Supports);
            }
            Kind::Comment { .. } => {}
            _ => self.media.push_str(raw),
        }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
