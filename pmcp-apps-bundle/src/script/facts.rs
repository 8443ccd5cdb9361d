//! Facts about a script, as the scanner tells them.

use std::ops::Range;

use crate::{by_name::ByName, mistake::Fault};

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
    /// Modules that are named by a literal, in the order of the text.
    pub imports: Vec<Import>,
    /// Names that others can import.
    pub exports: Vec<Export>,
    /// Calls with a literal that matters.
    pub calls: Vec<Call>,
    /// Literals assigned to a property `src`.
    pub sources: Vec<Literal>,
    /// Uses of what hosts block or ask permission for. Left out are workers and `WebAssembly` where the script tests for them first, by
    /// `typeof Worker` or `"serviceWorker" in navigator`.
    pub words: Vec<(Word, Span)>,
    /// Places of `import.meta`.
    pub metas: Vec<Span>,
    /// The first mistake by which this is no script. Nothing behind it is told.
    pub fault: Option<Fault>,
    /// Changes that the linker makes.
    pub(super) edits: Vec<Edit>,
    /// Exported variables that functions assign to, by name, each with the first such place.
    pub(super) assigned: ByName<usize>,
    /// It waits outside of functions.
    pub(super) awaits: bool,
    /// Lengths of `m` in names like `__m1`, a bit each.
    pub(super) taken: u64,
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
    /// An assignment to `location` or its `href`, or one of its methods that load a page.
    Location,
    /// `new RTCPeerConnection`.
    PeerConnection,
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

/// A place where the linker changes the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Edit {
    /// Words that go.
    Drop(Span),
    /// A statement that goes.
    Statement(Span),
    /// `export default` before an expression.
    Default(Span),
    /// `export default` before a function or class without a name, and the end of that.
    Anonymous(Span, usize),
}

/// A piece of text that is no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// A string with its quotes.
    String(usize, usize),
    /// A chunk of a template, without what surrounds it.
    Chunk(usize, usize),
    /// A regular expression with its flags.
    Regex(usize, usize),
}
