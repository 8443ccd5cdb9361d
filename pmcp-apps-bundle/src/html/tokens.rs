//! Tags, comments and doctypes of a page with their bytes, by the tokenizer of the HTML standard.
//!
//! The tokenizer says where a tag and each of its attributes begin. The bytes of a value are read from the page, so that an edit replaces
//! exactly what was written. Text is what lies between two tokens.

use std::ops::Range;

use html5gum::{Emitter, Error, State, Tokenizer};

use crate::{by_name::ByName, mistake::Fault};

/// Elements of `svg` and `math` within each other that are followed. No page has them.
const DEEPEST: usize = 512;

#[derive(Debug)]
pub(crate) enum Token {
    Start(Tag),
    End { name: String, span: Range<usize> },
    Comment { span: Range<usize> },
    Doctype { span: Range<usize>, is_html: bool },
}

impl Token {
    pub(crate) fn span(&self) -> &Range<usize> {
        match self {
            Self::Start(tag) => &tag.span,
            Self::End { span, .. } | Self::Comment { span } | Self::Doctype { span, .. } => span,
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Tag {
    /// The name in small letters.
    pub(crate) name: String,
    pub(crate) span: Range<usize>,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) self_closing: bool,
    /// An element of `svg` or `math`, these included.
    pub(crate) is_foreign: bool,
}

#[derive(Debug)]
pub(crate) struct Attribute {
    /// The name in small letters.
    pub(crate) name: String,
    /// The bytes of the name, the `=` and the value with its quotes.
    pub(crate) span: Range<usize>,
    /// The value, with its references resolved.
    pub(crate) value: String,
}

impl Tag {
    pub(crate) fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.attribute(name).map(|attribute| attribute.value.as_str())
    }

    /// Tells of a value that is this word, in capitals or not.
    pub(crate) fn says(&self, name: &str, word: &str) -> bool {
        self.value(name).is_some_and(|value| value.trim().eq_ignore_ascii_case(word))
    }
}

/// The tokens of a page, and where the standard has a name for a mistake.
pub(crate) fn tokens(page: &str) -> (Vec<Token>, Vec<Fault>) {
    let mut sink = Sink { page, ..Sink::default() };
    let Ok(()) = Tokenizer::new_with_emitter(page, Borrowed(&mut sink)).try_for_each(|token| token);
    (sink.tokens, sink.faults)
}

#[derive(Default)]
struct Sink<'a> {
    page: &'a str,
    tokens: Vec<Token>,
    faults: Vec<Fault>,
    /// The bytes read.
    at: usize,
    /// The last `<`.
    opened: usize,
    current: Current,
    name: Vec<u8>,
    tag: Tag,
    attribute: Option<Pending>,
    names: ByName<()>,
    doctype: Vec<u8>,
    last_start: Vec<u8>,
    /// Elements that change whose rules hold: those of HTML, or of `svg` and `math`.
    foreign: Vec<String>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Current {
    #[default]
    Start,
    End,
}

#[derive(Default)]
struct Pending {
    start: usize,
    name: Vec<u8>,
    value_at: Option<usize>,
    value: Vec<u8>,
}

impl Sink<'_> {
    fn fault(&mut self, at: usize, error: Error) {
        let message = format!("malformed HTML: {}", error.as_str().replace('-', " "));
        let help = "browsers would guess what is meant; write what is meant".to_owned();
        self.faults.push(Fault { at, message, help });
    }

    fn is_foreign(&self) -> bool {
        matches!(self.foreign.last().map(String::as_str), Some("svg" | "math"))
    }

    fn end_attribute(&mut self) {
        let Some(pending) = self.attribute.take() else { return };
        if self.current == Current::End {
            return;
        }
        let name = text(&pending.name);
        if !self.names.insert(&name, ()) {
            self.fault(pending.start, Error::DuplicateAttribute);
            return;
        }
        // The first byte of a name may be a `=`.
        let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>' | b'=');
        let rest = self.page.as_bytes().get(pending.start + 1..).unwrap_or_default();
        let mut end = rest.iter().position(ends).map_or(self.page.len(), |end| pending.start + 1 + end);
        if let Some(at) = pending.value_at {
            end = self.value_end(at);
        }
        self.tag.attributes.push(Attribute { name, span: pending.start..end, value: text(&pending.value) });
    }

    /// The end of a value with its quotes. `at` follows the first quote, or the first byte of a value without quotes.
    fn value_end(&self, at: usize) -> usize {
        let bytes = self.page.as_bytes();
        let first = at.saturating_sub(1);
        if let Some(quote @ (b'"' | b'\'')) = bytes.get(first) {
            return bytes[at..].iter().position(|byte| byte == quote).map_or(bytes.len(), |end| at + end + 1);
        }
        let ends = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'>';
        bytes[first..].iter().position(ends).map_or(bytes.len(), |end| first + end)
    }

    /// Follows whose rules hold, and tells how the content of an element is read.
    fn enter(&mut self, name: &str, self_closing: bool) -> Option<State> {
        if self.is_foreign() || matches!(name, "svg" | "math") {
            let switches = matches!(name, "svg" | "math" | "foreignobject" | "desc" | "title" | "annotation-xml");
            if switches && !self_closing && self.foreign.len() < DEEPEST {
                self.foreign.push(name.to_owned());
            }
            return None;
        }
        match name {
            "title" | "textarea" => Some(State::RcData),
            "style" | "xmp" | "iframe" | "noembed" | "noframes" | "noscript" => Some(State::RawText),
            "script" => Some(State::ScriptData),
            "plaintext" => Some(State::PlainText),
            _ => None,
        }
    }

    fn end_tag(&mut self) -> Option<State> {
        self.end_attribute();
        let span = self.opened..self.at;
        let name = text(&self.name);
        match self.current {
            Current::Start => {
                let is_foreign = self.is_foreign() || matches!(name.as_str(), "svg" | "math");
                let state = self.enter(&name, self.tag.self_closing);
                self.last_start.clone_from(&self.name);
                let tag = std::mem::take(&mut self.tag);
                self.tokens.push(Token::Start(Tag { name, span, is_foreign, ..tag }));
                state
            }
            Current::End => {
                if let Some(place) = self.foreign.iter().rposition(|open| *open == name) {
                    self.foreign.truncate(place);
                }
                self.last_start.clear();
                self.tokens.push(Token::End { name, span });
                None
            }
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

struct Borrowed<'a, 'b>(&'a mut Sink<'b>);

impl Emitter for Borrowed<'_, '_> {
    type Token = ();

    fn set_last_start_tag(&mut self, name: Option<&[u8]>) {
        self.0.last_start = name.unwrap_or_default().to_vec();
    }

    fn emit_eof(&mut self) {}

    fn emit_error(&mut self, error: Error) {
        let at = match error {
            // What never ends is shown where it begins.
            Error::EofInTag
            | Error::EofInComment
            | Error::EofInDoctype
            | Error::EofInScriptHtmlCommentLikeText
            | Error::EofInCdata => self.0.opened,
            _ => self.0.at.saturating_sub(1),
        };
        self.0.fault(at, error);
    }

    fn pop_token(&mut self) -> Option<()> {
        None
    }

    fn emit_string(&mut self, _: &[u8]) {}

    fn init_start_tag(&mut self) {
        self.0.current = Current::Start;
        self.0.name.clear();
        self.0.names = ByName::default();
        self.0.attribute = None;
        self.0.tag = Tag::default();
    }

    fn init_end_tag(&mut self) {
        self.0.current = Current::End;
        self.0.name.clear();
        self.0.attribute = None;
    }

    fn init_comment(&mut self) {}

    fn emit_current_tag(&mut self) -> Option<State> {
        self.0.end_tag()
    }

    fn emit_current_comment(&mut self) {
        let span = self.0.opened..self.0.at;
        self.0.tokens.push(Token::Comment { span });
    }

    fn emit_current_doctype(&mut self) {
        let span = self.0.opened..self.0.at;
        let is_html = self.0.doctype == b"html";
        self.0.tokens.push(Token::Doctype { span, is_html });
    }

    fn set_self_closing(&mut self) {
        if self.0.current == Current::End {
            let at = self.0.opened;
            self.0.fault(at, Error::EndTagWithTrailingSolidus);
        } else {
            self.0.tag.self_closing = true;
        }
    }

    fn set_force_quirks(&mut self) {}

    fn push_tag_name(&mut self, name: &[u8]) {
        self.0.name.extend(name);
    }

    fn push_comment(&mut self, _: &[u8]) {}

    fn push_doctype_name(&mut self, name: &[u8]) {
        self.0.doctype.extend(name);
    }

    fn init_doctype(&mut self) {
        self.0.doctype.clear();
    }

    fn init_attribute(&mut self) {
        self.0.end_attribute();
        if self.0.current == Current::End {
            let at = self.0.at.saturating_sub(1);
            self.0.fault(at, Error::EndTagWithAttributes);
        }
        self.0.attribute = Some(Pending { start: self.0.at.saturating_sub(1), ..Pending::default() });
    }

    fn init_attribute_value(&mut self) {
        let at = self.0.at;
        if let Some(attribute) = &mut self.0.attribute {
            attribute.value_at = Some(at);
        }
    }

    fn push_attribute_name(&mut self, name: &[u8]) {
        if let Some(attribute) = &mut self.0.attribute {
            attribute.name.extend(name);
        }
    }

    fn push_attribute_value(&mut self, value: &[u8]) {
        if let Some(attribute) = &mut self.0.attribute {
            attribute.value.extend(value);
        }
    }

    fn set_doctype_public_identifier(&mut self, _: &[u8]) {}
    fn set_doctype_system_identifier(&mut self, _: &[u8]) {}
    fn push_doctype_public_identifier(&mut self, _: &[u8]) {}
    fn push_doctype_system_identifier(&mut self, _: &[u8]) {}

    fn start_open_tag(&mut self) {
        self.0.opened = self.0.at.saturating_sub(1);
    }

    fn current_is_appropriate_end_tag_token(&mut self) -> bool {
        self.0.current == Current::End && !self.0.last_start.is_empty() && self.0.last_start == self.0.name
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&mut self) -> bool {
        self.0.is_foreign()
    }

    fn move_position(&mut self, offset: isize) {
        self.0.at = self.0.at.saturating_add_signed(offset).min(self.0.page.len());
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
