//! The grammar of `#[workflow(…)]` and `#[step(…)]`.

use pmcp_macro_support::{Keys, SigFn, arguments, did_you_mean, error};
use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Attribute, Ident, LitStr, Meta, Path, Type};

use crate::{
    shown::{Icon, MetaObject, icons, meta},
    values::{Given, Millis, choice, duration, scopes},
};

/// The keys of a workflow, in the order of the documentation.
const WORKFLOW_KEYS: [&str; 10] =
    ["name", "title", "description", "icons", "ttl", "scopes", "start", "finish_on_cancel", "meta", "crate"];

/// The keys of a step.
const STEP_KEYS: [&str; 7] = ["tool", "client", "output", "title", "hidden", "on_error", "timeout"];

/// Arguments of `#[workflow]`. `None` is what it leaves out.
#[derive(Default)]
pub(super) struct WorkflowArgs {
    pub(super) name: Option<LitStr>,
    pub(super) title: Option<LitStr>,
    pub(super) description: Option<LitStr>,
    pub(super) icons: Vec<Icon>,
    pub(super) ttl: Option<Given<Millis>>,
    /// The scopes that its callers need.
    pub(super) scopes: Vec<String>,
    pub(super) start: Option<Given<Start>>,
    pub(super) finish_on_cancel: bool,
    pub(super) meta: Option<MetaObject>,
    pub(super) krate: Option<Path>,
}

/// Ways a workflow is begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    Both,
    Prompt,
    Tool,
}

/// Fate of a run in which a step failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnError {
    Pause,
    Skip,
    Fail,
}

impl WorkflowArgs {
    /// Reads the arguments.
    pub(super) fn parse(args: TokenStream) -> syn::Result<Self> {
        let mut keys = Keys::parse(args, &WORKFLOW_KEYS);
        let parsed = Self {
            name: keys.string("name"),
            title: keys.string("title"),
            description: keys.string("description"),
            icons: icons(&mut keys),
            ttl: duration(&mut keys, "ttl"),
            scopes: scopes(&mut keys, "scopes"),
            start: choice(
                &mut keys,
                "start",
                &[("both", Start::Both), ("prompt", Start::Prompt), ("tool", Start::Tool)],
            ),
            finish_on_cancel: keys.flag("finish_on_cancel").unwrap_or_default(),
            meta: meta(&mut keys),
            krate: keys.path("crate"),
        };
        keys.finish(parsed)
    }
}

/// Arguments of `#[step]`. `None` is what it leaves out.
#[derive(Default)]
pub(super) struct StepArgs {
    pub(super) tool: Option<Path>,
    /// The word.
    pub(super) client: Option<Ident>,
    pub(super) output: Option<Type>,
    pub(super) title: Option<LitStr>,
    pub(super) hidden: bool,
    pub(super) on_error: Option<Given<OnError>>,
    pub(super) timeout: Option<Given<Millis>>,
    /// The words of keys that are not for every step.
    pub(super) keys: Vec<Ident>,
}

impl StepArgs {
    /// Reads the arguments of the attribute on a function.
    pub(super) fn parse(func: &SigFn) -> syn::Result<Self> {
        let mut attrs = func.attrs.iter().filter(|attr| is_step(attr));
        let Some(attr) = attrs.next() else { return Ok(Self::default()) };
        if let Some(second) = attrs.next() {
            return Err(error(second, "`#[step]` is given twice", "write all of it in one `#[step(…)]`"));
        }
        let tokens = match &attr.meta {
            Meta::Path(_) => TokenStream::new(),
            _ => arguments(attr, "#[step(tool = …)]")?,
        };
        let mut keys = Keys::parse_with_types(tokens, &STEP_KEYS, &["output"]);
        let client = keys.key("client").cloned();
        let words = ["output", "on_error", "timeout"].into_iter().filter_map(|key| keys.key(key).cloned()).collect();
        let parsed = Self {
            keys: words,
            tool: keys.path("tool"),
            client: client.filter(|_| keys.flag("client") == Some(true)),
            output: keys.ty("output"),
            title: keys.string("title"),
            hidden: keys.flag("hidden").unwrap_or_default(),
            on_error: choice(
                &mut keys,
                "on_error",
                &[("pause", OnError::Pause), ("skip", OnError::Skip), ("fail", OnError::Fail)],
            ),
            timeout: duration(&mut keys, "timeout"),
        };
        keys.finish(parsed)
    }

    /// The word of a key.
    pub(super) fn key(&self, key: &str) -> Option<&Ident> {
        self.keys.iter().find(|word| *word == key)
    }
}

/// The types that the mark of a step names, even where it has mistakes.
pub(super) fn named_types(attrs: &[Attribute]) -> Vec<Type> {
    let mut types = Vec::new();
    for attr in attrs.iter().filter(|attr| is_step(attr)) {
        let Meta::List(list) = &attr.meta else { continue };
        let mut tokens = list.tokens.clone().into_iter().peekable();
        while let Some(key) = tokens.next() {
            let key = key.to_string();
            let meant = did_you_mean(&key, STEP_KEYS);
            let is_value = tokens.next_if(|token| token.to_string() == "=").is_some();
            let value: TokenStream = std::iter::from_fn(|| tokens.next_if(|token| token.to_string() != ",")).collect();
            tokens.next();
            if is_value && meant.is_some_and(|meant| meant == "tool" || meant == "output") {
                types.extend(syn::parse2(value));
            }
        }
    }
    types
}

/// Tells whether an attribute makes a step.
pub(super) fn is_step(attr: &Attribute) -> bool {
    attr.path().segments.last().is_some_and(|segment| segment.ident == "step")
}

/// A step where none can be.
pub(super) fn misplaced(at: impl ToTokens) -> syn::Error {
    error(at, "`#[step]` has no effect here", "put `#[workflow]` on the `impl` that this function is in")
}
