//! Edits of a text: what is not replaced stays as it is, byte for byte.

use std::ops::Range;

#[derive(Debug, Default)]
pub(crate) struct Edits {
    edits: Vec<(Range<usize>, String)>,
}

impl Edits {
    pub(crate) fn replace(&mut self, span: Range<usize>, text: impl Into<String>) {
        self.edits.push((span, text.into()));
    }

    /// Makes the edits. Of two that overlap, the one that begins later is left out.
    pub(crate) fn apply(self, text: &str) -> String {
        let mut order: Vec<_> = self.edits.iter().enumerate().map(|(index, (span, _))| (span.start, index)).collect();
        order.sort_unstable();
        let mut out = String::with_capacity(text.len() + self.edits.iter().map(|(_, new)| new.len()).sum::<usize>());
        let mut copied = 0;
        for (_, index) in order {
            let (span, new) = &self.edits[index];
            if let Some(kept) = text.get(copied..span.start) {
                out.push_str(kept);
                out.push_str(new);
                copied = span.end;
            }
        }
        out.push_str(text.get(copied..).unwrap_or_default());
        out
    }
}
