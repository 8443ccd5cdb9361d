//! Scripts: a scanner that tells what a script names, and a linker that makes one script of modules.
//!
//! The scanner knows where an expression ends and which names are declared where. It has no tree, and it takes any text: what is no
//! script gives a [`Flaw`] or nothing. Every place is a byte offset into the source.

mod bytes;
mod frames;
mod link;
mod names;
mod punctuation;
mod scan;
mod secrets;
mod statements;
mod uses;
mod words;

use std::collections::HashSet;
use std::ops::Range;

use scan::{Edit, Scanner};

pub use link::{link, resolve};
pub use scan::Piece;

/// Bytes of a source.
pub type Span = Range<usize>;

/// The two kinds of script, which differ in what some words and comments mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// A classic script.
    Script,
    /// A script of `type="module"`, or a file that one imports.
    Module,
}

/// Facts about a script.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    /// Modules that are named by a literal, static imports first come first served with all others.
    pub imports: Vec<Import>,
    /// Names that others can import.
    pub exports: Vec<Export>,
    /// Calls with a literal that matters.
    pub calls: Vec<Call>,
    /// Literals assigned to a property `src`.
    pub sources: Vec<Literal>,
    /// Uses of what hosts block or ask permission for.
    pub words: Vec<(Word, Span)>,
    /// Texts that look like a secret.
    pub secrets: Vec<(Secret, Span)>,
    /// Places of `import.meta`.
    pub metas: Vec<Span>,
    /// The first mistake by which this is no script. Nothing behind it is told.
    pub flaw: Option<Flaw>,
    /// Changes that the linker makes.
    edits: Vec<Edit>,
    /// Exported variables that functions assign to, each with the first such place.
    assigned: Vec<(String, usize)>,
    /// It waits outside of functions.
    awaits: bool,
    /// Lengths of `m` in names like `__m1`, a bit each.
    taken: u64,
}

impl Script {
    /// Tells whether it waits outside of functions.
    #[must_use]
    pub fn awaits(&self) -> bool {
        self.awaits
    }
}

/// A string, or a template without substitutions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Literal {
    /// Its value, without quotes and escapes.
    pub value: String,
    /// Its bytes, quotes included.
    pub span: Span,
}

/// A module that a script names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The name of the module as it is written.
    pub specifier: Literal,
    /// The statement with its semicolon, or the call.
    pub span: Span,
    /// The form, with the names it binds.
    pub form: Form,
    /// The value of `type` in `with { type: "…" }`.
    pub kind: Option<Literal>,
}

/// Forms in which a module is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// `import a, { b as c } from "…"`, by the exported name and the local one; `import "…"` binds nothing.
    Names(Vec<(Name, Name)>),
    /// `import a, * as b from "…"`, by the local names.
    Namespace(Option<Name>, Name),
    /// `import("…")`.
    Call,
    /// `export { a as b } from "…"`, `export * as b from "…"` and `export * from "…"`, whose names are among the exports.
    Export,
}

/// A name where it is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Name {
    /// The name, without quotes and escapes.
    pub text: String,
    /// Its bytes.
    pub span: Span,
}

/// A name that others can import, or several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// The name others import; empty for `export * from "…"`.
    pub name: Name,
    /// The thing exported.
    pub from: Exported,
}

/// Things that a script exports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exported {
    /// A variable, function or class of the script.
    Local(String),
    /// `export default` with an expression, or with a function or class without a name.
    Default,
    /// A name of another module, by the index of its [`Import`].
    Name(usize, String),
    /// Another module as one object.
    Namespace(usize),
    /// All names of another module but `default`.
    All(usize),
}

/// A call with a literal that matters: the first argument, or the second of `open`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The name of the function, such as `fetch`, `WebSocket`, `EventSource`, `sendBeacon`, `open`, `callTool` or `openLink`.
    pub name: String,
    /// The object whose method it is.
    pub receiver: Receiver,
    /// The argument.
    pub literal: Literal,
}

/// Objects whose methods are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receiver {
    /// None, or the global object by one of its names: the function is a global one.
    Global,
    /// The bridge, `mcp`. Any method of it is told.
    Mcp,
    /// Something else.
    Other,
}

/// Uses of what hosts block or ask permission for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Word {
    /// `eval`.
    Eval,
    /// `Function` as a constructor of code.
    Function,
    /// `WebAssembly`.
    WebAssembly,
    /// `new Worker`.
    Worker,
    /// `new SharedWorker`.
    SharedWorker,
    /// `navigator.serviceWorker`.
    ServiceWorker,
    /// `alert(…)`.
    Alert,
    /// `confirm(…)`.
    Confirm,
    /// `prompt(…)`.
    Prompt,
    /// `open(…)` of the window.
    Open,
    /// `top.location`.
    TopLocation,
    /// `getUserMedia` with something that cannot be told.
    GetUserMedia,
    /// `getUserMedia({ video: … })`.
    Camera,
    /// `getUserMedia({ audio: … })`.
    Microphone,
    /// `navigator.geolocation`.
    Geolocation,
    /// `navigator.clipboard`.
    Clipboard,
    /// The text `ui/initialize`.
    Initialize,
}

/// Kinds of secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Secret {
    /// `sk-…`
    Sk,
    /// `AKIA…`
    Akia,
    /// `ghp_…`
    Ghp,
    /// The header of a private key.
    PrivateKey,
}

impl Secret {
    /// The beginning that gives it away, as messages show it.
    #[must_use]
    pub fn shown(self) -> &'static str {
        match self {
            Self::Sk => "sk-…",
            Self::Akia => "AKIA…",
            Self::Ghp => "ghp_…",
            Self::PrivateKey => "PRIVATE KEY",
        }
    }
}

/// A mistake in a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// Its byte.
    pub at: usize,
    /// What is wrong here.
    pub message: String,
    /// The edit to make.
    pub help: String,
}

/// A file that takes part in linking.
#[derive(Debug, Clone, Copy)]
pub struct Module<'a> {
    /// The path below the widget's directory, with `/`. A script within a page has the page's path, and perhaps `#` with something behind.
    pub path: &'a str,
    /// Its text.
    pub source: &'a str,
    /// The facts about its text; none for JSON.
    pub script: Option<&'a Script>,
}

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
    let root = |root: &Option<(usize, usize)>| root.map(|(start, end)| (bytes::unescape(&source[start..end]), start));
    let locals: HashSet<&str> = scanner
        .exports
        .iter()
        .filter_map(|export| if let Exported::Local(local) = &export.from { Some(&**local) } else { None })
        .collect();
    let roots = uses.words.iter().map(|word| &word.2).chain(uses.calls.iter().map(|call| &call.1));
    let roots: Vec<_> = roots.filter_map(root).collect();
    let wanted = roots.iter().map(|(name, _)| &**name).chain(locals.iter().copied()).collect();
    let declared = scanner.names.of(source, &wanted);
    let is_global = |of: &Option<(usize, usize)>| root(of).is_none_or(|(name, at)| !declared.declare(&name, at));
    uses.words.retain(|(word, _, root)| uses.tested & (1 << *word as u32) == 0 && is_global(root));
    uses.calls.retain(|(_, root)| is_global(root));

    let mut assigned = Vec::new();
    if !locals.is_empty() {
        let mut seen = HashSet::new();
        let mut writes = scanner.names.writes;
        writes.sort_unstable_by_key(|write| write.start);
        for write in writes.into_iter().filter(|write| write.later) {
            let name = bytes::unescape(&source[write.start..write.end]);
            if locals.contains(&*name) && !declared.shadow(&name, write.start) && seen.insert(name.clone()) {
                assigned.push((name.into_owned(), write.start));
            }
        }
    }
    uses.secrets.sort_unstable_by_key(|(_, span)| span.start);
    uses.secrets.dedup();
    Script {
        imports: scanner.imports,
        exports: scanner.exports,
        calls: uses.calls.into_iter().map(|(call, _)| call).collect(),
        sources: uses.sources,
        words: uses.words.into_iter().map(|(word, span, _)| (word, span)).collect(),
        secrets: uses.secrets,
        metas: scanner.metas,
        flaw: scanner.flaw,
        edits: scanner.edits,
        assigned,
        awaits: scanner.awaits,
        taken: scanner.taken,
    }
}
