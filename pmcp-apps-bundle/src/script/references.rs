//! Uses of what a host may block: calls with literals, and names of the browser.

use super::bytes::{filter, unescape};
use super::facts::{Call, Literal, Receiver, Word};
use super::frames::{IMPORT, MEDIA};
use super::scanner::{LITERAL, Previous, Scanner, WHOLE};
use super::uses::{Base, Callee, Found, Place};

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
    "RTCPeerConnection",
    "document",
    "location",
]);

static MEMBERS: [u32; 128] = filter(&["src", "open", "sendBeacon", "getUserMedia"]);

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
                (Base::Document, "location") => return self.uses.global(b"location", found),
                (Base::Mcp, _) => return self.uses.callee(Callee::Literal(Receiver::Mcp), found),
                (Base::WebAssembly, _) => Some((Word::WebAssembly, root.0..root.1)),
                (Base::Location, "href") => {
                    self.uses.location = Some(found);
                    None
                }
                (Base::Location, "assign" | "replace" | "reload") => {
                    return self.uses.callee(Callee::Word(Word::Location), found);
                }
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

    /// Something is assigned to what is before: the page goes where that says.
    pub(super) fn assign_location(&mut self) {
        if let Some(found) = self.uses.location.take().filter(|found| found.end == self.previous_end) {
            let start = found.root.map_or(found.start, |(start, _)| start);
            self.uses.words.push((Word::Location, start..found.end, found.root));
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
