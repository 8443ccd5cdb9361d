//! Uses of what a host may block, as far as they are known.

use super::facts::{Call, Literal, Receiver, Span, Word};

/// Objects whose members matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Base {
    #[default]
    Window,
    Top,
    Navigator,
    Mcp,
    WebAssembly,
    Document,
    Location,
}

/// A function, should it be called.
#[derive(Debug, Clone, Copy)]
pub(super) enum Callee {
    Word(Word),
    Literal(Receiver),
}

/// The place that a literal may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Place {
    #[default]
    First,
    /// The second argument of `open`, behind a method of HTTP.
    Second,
    Source,
}

/// A name with a meaning, by its bytes and those of the name of the browser that it begins with.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Found {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) root: Root,
}

/// The name of the browser that a use begins with, by its bytes.
pub(super) type Root = Option<(usize, usize)>;

/// Uses so far. Those with a root count unless it is a name of the script.
#[derive(Debug, Default)]
pub(super) struct Uses {
    pub(super) words: Vec<(Word, Span, Root)>,
    pub(super) calls: Vec<(Call, Root)>,
    pub(super) sources: Vec<Literal>,
    /// Words that the script asks for before it uses them, a bit each.
    pub(super) tested: u32,
    pub(super) base: Base,
    pub(super) base_end: usize,
    pub(super) base_root: (usize, usize),
    pub(super) callee: Option<(Callee, Found)>,
    pub(super) callee_end: usize,
    pub(super) source_end: usize,
    /// The end of a name that takes the page elsewhere if it is assigned to.
    pub(super) location: Option<Found>,
    pub(super) place: Place,
    pub(super) called: Option<(Receiver, Found)>,
    pub(super) literal: usize,
    pub(super) media: Option<usize>,
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

    pub(super) fn base(&mut self, base: Base, end: usize, root: (usize, usize)) {
        self.base = base;
        self.base_end = end;
        self.base_root = root;
    }

    pub(super) fn callee(&mut self, callee: Callee, found: Found) {
        self.callee = Some((callee, found));
        self.callee_end = found.end;
    }

    /// A global name, perhaps behind one of the global object.
    pub(super) fn global(&mut self, name: &[u8], found: Found) {
        let root = found.root.unwrap_or_default();
        let word = match name {
            b"window" | b"globalThis" | b"self" => return self.base(Base::Window, found.end, root),
            b"top" => return self.base(Base::Top, found.end, root),
            b"navigator" => return self.base(Base::Navigator, found.end, root),
            b"mcp" => return self.base(Base::Mcp, found.end, root),
            b"WebAssembly" => return self.base(Base::WebAssembly, found.end, root),
            b"document" => return self.base(Base::Document, found.end, root),
            b"location" => {
                self.location = Some(found);
                return self.base(Base::Location, found.end, root);
            }
            b"eval" => {
                self.words.push((Word::Eval, found.start..found.end, found.root));
                return;
            }
            b"fetch" | b"WebSocket" | b"EventSource" => return self.callee(Callee::Literal(Receiver::Global), found),
            b"Function" => Word::Function,
            b"RTCPeerConnection" => Word::PeerConnection,
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
