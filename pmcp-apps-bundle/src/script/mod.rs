//! Scripts: a scanner that tells what a script names, and a linker that makes one script of modules.
//!
//! The scanner knows where an expression ends and which names are declared where. It has no tree, and it takes any text: what is no
//! script gives a [`Fault`](crate::mistake::Fault) or nothing. Every place is a byte offset into the source.

mod brackets;
mod bytes;
mod escape;
mod facts;
mod frames;
mod link;
mod literals;
mod names;
mod punctuation;
mod references;
mod run;
mod scanner;
mod statements;
mod tokens;
mod uses;
mod words;

use std::collections::HashSet;

use crate::by_name::ByName;
use scanner::Scanner;

pub(crate) use escape::escape;
pub use facts::{
    Call, Export, Exported, Form, Goal, Import, Literal, Module, Name, Piece, Receiver, Script, Span, Word,
};
pub use link::{link, resolve};

/// Tells what a script names.
#[must_use]
pub fn scan(source: &str, goal: Goal) -> Script {
    let mut scanner = Scanner::new(source, goal);
    scanner.run();
    finish(scanner)
}

/// The strings, templates and regular expressions of a script, and its facts.
#[doc(hidden)]
#[must_use]
pub fn scan_pieces(source: &str, goal: Goal) -> (Vec<Piece>, Script) {
    let mut scanner = Scanner::new(source, goal);
    scanner.pieces = Some(Vec::new());
    scanner.run();
    let pieces = scanner.pieces.take().unwrap_or_default();
    (pieces, finish(scanner))
}

/// Leaves out what means a declaration of the script.
fn finish(scanner: Scanner<'_>) -> Script {
    let source = scanner.source;
    let mut uses = scanner.uses;
    let mut names = scanner.names;
    let root = |root: &Option<(usize, usize)>| root.map(|(start, end)| (bytes::unescape(&source[start..end]), start));
    let locals: HashSet<&str> = scanner
        .exports
        .iter()
        .filter_map(|export| if let Exported::Local(local) = &export.from { Some(&**local) } else { None })
        .collect();
    let roots = uses.words.iter().map(|word| &word.2).chain(uses.calls.iter().map(|call| &call.1));
    let roots: Vec<_> = roots.filter_map(root).collect();
    let wanted = roots.iter().map(|(name, _)| &**name).chain(locals.iter().copied()).collect();
    let declared = names.of(source, &wanted);
    let is_global = |of: &Option<(usize, usize)>| root(of).is_none_or(|(name, at)| !declared.declare(&name, at));
    uses.words.retain(|(word, _, root)| uses.tested & (1 << *word as u32) == 0 && is_global(root));
    uses.calls.retain(|(_, root)| is_global(root));

    let mut assigned = ByName::default();
    if !locals.is_empty() {
        for write in names.later_writes() {
            let name = bytes::unescape(&source[write.start..write.end]);
            if locals.contains(&*name) && !declared.shadow(&name, write.start) && !assigned.has(&name) {
                assigned.insert(&name, write.start);
            }
        }
    }
    Script {
        imports: scanner.imports,
        exports: scanner.exports,
        calls: uses.calls.into_iter().map(|(call, _)| call).collect(),
        sources: uses.sources,
        words: uses.words.into_iter().map(|(word, span, _)| (word, span)).collect(),
        metas: scanner.metas,
        fault: scanner.fault,
        edits: scanner.edits,
        assigned,
        awaits: scanner.awaits,
        taken: scanner.taken,
    }
}
