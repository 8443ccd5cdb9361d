//! Uses of what a host may block: calls with literals, and names of the browser.

use super::bytes::unescape;
use super::frames::{IMPORT, MEDIA};
use super::scan::{LITERAL, Previous, Scanner, WHOLE};
use super::words::filter;
use super::{Call, Literal, Receiver, Secret, Span, Word};

static GLOBALS: [u32; 128] = filter(&[
    "window",
    "globalThis",
    "self",
    "top",
    "navigator",
    "mcp",
    "eval",
    "WebAssembly",
    "Function",
    "Worker",
    "SharedWorker",
    "alert",
    "confirm",
    "prompt",
    "open",
    "fetch",
    "WebSocket",
    "EventSource",
]);

static MEMBERS: [u32; 128] = filter(&["src", "open", "sendBeacon", "getUserMedia"]);

/// Objects whose members matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Base {
    #[default]
    Window,
    Top,
    Navigator,
    Mcp,
    WebAssembly,
}

/// A function, should it be called.
#[derive(Debug, Clone, Copy)]
enum Callee {
    Word(Word),
    Literal(Receiver),
}

/// The place that a literal may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    #[default]
    First,
    /// The second argument of `open`, behind a method of HTTP.
    Second,
    Source,
}

/// A name with a meaning, by its bytes and those of the name of the browser that it begins with.
#[derive(Debug, Clone, Copy, Default)]
struct Found {
    start: usize,
    end: usize,
    root: Root,
}

/// The name of the browser that a use begins with, by its bytes.
type Root = Option<(usize, usize)>;

/// Uses so far. Those with a root count unless it is a name of the script.
#[derive(Debug, Default)]
pub(super) struct Uses {
    pub(super) words: Vec<(Word, Span, Root)>,
    pub(super) calls: Vec<(Call, Root)>,
    pub(super) sources: Vec<Literal>,
    pub(super) secrets: Vec<(Secret, Span)>,
    /// Words that the script asks for before it uses them, a bit each.
    pub(super) tested: u32,
    base: Base,
    base_end: usize,
    base_root: (usize, usize),
    callee: Option<(Callee, Found)>,
    callee_end: usize,
    source_end: usize,
    place: Place,
    called: Option<(Receiver, Found)>,
    literal: usize,
    media: Option<usize>,
}

impl Uses {
    /// A point follows: what came before it is still meant.
    pub(super) fn follow(&mut self, from: usize, to: usize) {
        if self.base_end == from {
            self.base_end = to;
        }
        if self.callee_end == from {
            self.callee_end = to;
        }
    }

    /// A string or chunk with its quotes.
    pub(super) fn string(&mut self, bytes: &[u8], start: usize, end: usize) {
        match end - start {
            8 | 13..=15 => {}
            _ => return,
        }
        let word = match &bytes[start + 1..end - 1] {
            b"ui/initialize" => {
                self.words.push((Word::Initialize, start..end, None));
                return;
            }
            b"serviceWorker" => Word::ServiceWorker,
            b"SharedWorker" => Word::SharedWorker,
            b"WebAssembly" => Word::WebAssembly,
            b"Worker" => Word::Worker,
            _ => return,
        };
        self.tested |= 1 << word as u32;
    }

    /// A member of what `getUserMedia` is called with.
    pub(super) fn media(&mut self, word: Word) {
        let Some(entry) = self.media.and_then(|index| self.words.get_mut(index)) else { return };
        if entry.0 == Word::GetUserMedia {
            entry.0 = word;
        } else if entry.0 != word {
            let more = (word, entry.1.clone(), entry.2);
            self.words.push(more);
        }
    }

    fn base(&mut self, base: Base, end: usize, root: (usize, usize)) {
        self.base = base;
        self.base_end = end;
        self.base_root = root;
    }

    fn callee(&mut self, callee: Callee, found: Found) {
        self.callee = Some((callee, found));
        self.callee_end = found.end;
    }

    /// A global name, perhaps behind one of the global object.
    fn global(&mut self, name: &[u8], found: Found) {
        let root = found.root.unwrap_or_default();
        let word = match name {
            b"window" | b"globalThis" | b"self" => return self.base(Base::Window, found.end, root),
            b"top" => return self.base(Base::Top, found.end, root),
            b"navigator" => return self.base(Base::Navigator, found.end, root),
            b"mcp" => return self.base(Base::Mcp, found.end, root),
            b"WebAssembly" => return self.base(Base::WebAssembly, found.end, root),
            b"eval" => {
                self.words.push((Word::Eval, found.start..found.end, found.root));
                return;
            }
            b"fetch" | b"WebSocket" | b"EventSource" => return self.callee(Callee::Literal(Receiver::Global), found),
            b"Function" => Word::Function,
            b"Worker" => Word::Worker,
            b"SharedWorker" => Word::SharedWorker,
            b"alert" => Word::Alert,
            b"confirm" => Word::Confirm,
            b"prompt" => Word::Prompt,
            b"open" => Word::Open,
            _ => return,
        };
        self.callee(Callee::Word(word), found);
    }
}

impl Scanner<'_> {
    /// A name that stands for itself.
    pub(super) fn reference(&mut self, start: usize) {
        let end = self.at;
        let found = Found { start, end, root: Some((start, end)) };
        if self.escaped {
            let name = unescape(&self.source[start..end]);
            self.uses.global(name.as_bytes(), found);
            return;
        }
        let (first, length) = (self.bytes[start] as usize, end - start);
        if first < 128 && length < 32 && GLOBALS[first] & (1 << length) != 0 {
            let name = &self.bytes[start..end];
            if self.previous == Previous::Typeof {
                self.uses.tested |= match name {
                    b"Worker" => 1 << Word::Worker as u32,
                    b"SharedWorker" => 1 << Word::SharedWorker as u32,
                    b"WebAssembly" => 1 << Word::WebAssembly as u32,
                    _ => 0,
                };
            }
            self.uses.global(name, found);
        }
    }

    /// The name of a member behind a point.
    pub(super) fn member(&mut self, start: usize) {
        let end = self.at;
        let is_based = self.uses.base_end == self.previous_end;
        let (first, length) = (self.bytes[start] as usize, end - start);
        let matters = first < 128 && length < 32 && MEMBERS[first] & (1 << length) != 0;
        if !is_based && !matters && !self.escaped {
            return;
        }
        let name = unescape(&self.source[start..end]);
        let root = self.uses.base_root;
        let found = Found { start, end, root: if is_based { Some(root) } else { None } };
        if is_based {
            let whole = root.0..end;
            let word = match (self.uses.base, &*name) {
                (Base::Window, name) => return self.uses.global(name.as_bytes(), found),
                (Base::Mcp, _) => return self.uses.callee(Callee::Literal(Receiver::Mcp), found),
                (Base::WebAssembly, _) => Some((Word::WebAssembly, root.0..root.1)),
                (Base::Top, "location") => Some((Word::TopLocation, whole)),
                (Base::Navigator, "serviceWorker") => Some((Word::ServiceWorker, whole)),
                (Base::Navigator, "geolocation") => Some((Word::Geolocation, whole)),
                (Base::Navigator, "clipboard") => Some((Word::Clipboard, whole)),
                _ => None,
            };
            if let Some((word, span)) = word {
                self.uses.words.push((word, span, Some(root)));
            }
        }
        match &*name {
            "src" => self.uses.source_end = end,
            "open" | "sendBeacon" => self.uses.callee(Callee::Literal(Receiver::Other), found),
            "getUserMedia" => self.uses.callee(Callee::Word(Word::GetUserMedia), found),
            _ => {}
        }
    }

    /// Parentheses of a call open here.
    pub(super) fn call(&mut self) {
        if self.uses.callee_end == self.previous_end
            && let Some((callee, found)) = self.uses.callee.take()
        {
            match callee {
                Callee::Word(word) => {
                    if word == Word::GetUserMedia {
                        self.uses.media = Some(self.uses.words.len());
                        self.top.flags |= MEDIA;
                    }
                    self.uses.words.push((word, found.start..found.end, found.root));
                }
                Callee::Literal(receiver) => {
                    self.uses.called = Some((receiver, found));
                    self.uses.place = Place::First;
                    self.pending |= LITERAL;
                }
            }
        }
        if std::mem::take(&mut self.import_call) {
            self.top.flags |= IMPORT;
        }
    }

    /// Something is assigned to what is before.
    pub(super) fn assign_source(&mut self) {
        if self.previous == Previous::Property && self.uses.source_end == self.previous_end && self.uses.source_end > 0
        {
            self.uses.place = Place::Source;
            self.pending |= LITERAL;
        }
    }

    /// A literal may begin with this byte, or the one before may be whole.
    pub(super) fn literal(&mut self, was_literal: bool, byte: u8) {
        if !was_literal {
            if matches!(byte, b'"' | b'\'' | b'`') {
                self.uses.literal = self.at;
                self.pending |= WHOLE;
            }
            return;
        }
        let span = self.uses.literal..self.previous_end;
        let ends = match self.uses.place {
            Place::Source => {
                matches!(byte, b';' | b',' | b')' | b']' | b'}')
                    || (self.newline && (byte.is_ascii_alphanumeric() || matches!(byte, b'"' | b'\'' | b'_' | b'$')))
            }
            _ => matches!(byte, b',' | b')'),
        };
        let text = self.source.get(span.start + 1..span.end.saturating_sub(1)).unwrap_or_default();
        if !ends {
            return;
        }
        let literal = || Literal { value: unescape(text).into_owned(), span: span.clone() };
        if self.uses.place == Place::Source {
            self.uses.sources.push(literal());
            return;
        }
        let Some((receiver, found)) = self.uses.called else { return };
        let name = unescape(&self.source[found.start..found.end]);
        if name == "open" && receiver == Receiver::Other && self.uses.place == Place::First {
            const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"];
            if byte == b',' && METHODS.iter().any(|method| method.eq_ignore_ascii_case(text)) {
                self.uses.place = Place::Second;
                self.pending |= LITERAL;
            }
            return;
        }
        self.uses.calls.push((Call { name: name.into_owned(), receiver, literal: literal() }, found.root));
    }
}
