//! Parameters of offers: those of tools, as far as there is no task.

use pmcp_macro_support::{Diagnostics, error};
use quote::ToTokens;
use syn::{Attribute, FnArg, LitStr, Path};

use super::kind::Kind;
use crate::task_tool::{
    parameter::{Argument, Context, ContextKind, PARAMETER_ATTRIBUTES, Parameter as ToolParameter, Whole},
    state::State,
};

/// The attribute that names who completes an argument.
const COMPLETE: &str = "complete";

/// The attributes that only this macro understands on a parameter.
pub(super) fn parameter_attributes() -> Vec<&'static str> {
    PARAMETER_ATTRIBUTES.into_iter().chain([COMPLETE]).collect()
}

/// A parameter.
pub(super) enum Parameter {
    /// A text that the client gives.
    Input(Input),
    /// `#[args]`: all of them.
    Arguments(Whole),
    /// `ToolContext`
    Context(Context),
    /// A part of the server's state.
    State(State),
}

/// A text that the client gives.
pub(super) struct Input {
    pub(super) argument: Argument,
    /// The function that completes it.
    pub(super) complete: Option<Path>,
}

impl Parameter {
    /// Looks at one input of the signature.
    pub(super) fn build(kind: Kind, input: &FnArg, diag: &mut Diagnostics) -> Option<Self> {
        let FnArg::Typed(typed) = input else { return None };
        let mut typed = typed.clone();
        let (completes, others): (Vec<Attribute>, Vec<Attribute>) =
            typed.attrs.into_iter().partition(|attr| attr.path().is_ident(COMPLETE));
        typed.attrs = others;
        let attrs = typed.attrs.clone();
        let attr = |name: &str| attrs.iter().find(|attr| attr.path().is_ident(name));
        let noun = kind.noun();
        let complete = diag.take(completer(&completes));
        let parameter = ToolParameter::build(&FnArg::Typed(typed), diag);
        let parameter = match parameter? {
            ToolParameter::Answer(_) => {
                diag.error(
                    attr("ask"),
                    format_args!("`#[ask]` is for tools, and this is a {noun}"),
                    "take `cx: ToolContext`, and ask with `cx.elicit(…)`",
                );
                return None;
            }
            ToolParameter::Context(Context { kind: ContextKind::Task(_), token, .. }) => {
                diag.error(
                    token,
                    format_args!("`TaskContext` is for tools: a {noun} is no task"),
                    "take `ToolContext`, which can ask the user, too",
                );
                return None;
            }
            ToolParameter::Arguments(whole) if kind == Kind::Prompt => Self::Arguments(whole),
            ToolParameter::Arguments(whole) => {
                let help = match kind {
                    Kind::Completion => "take a `CompletionRequest`, which tells of the other arguments",
                    Kind::Prompt | Kind::Resource => "take each variable of the URI as a parameter of its name",
                };
                diag.error(whole.token, format_args!("a {noun} has no `#[args]`"), help);
                return None;
            }
            ToolParameter::Argument(argument) => {
                check_argument(kind, &argument, attr("arg"), diag);
                if let (Kind::Completion, Some(attr)) = (kind, completes.first()) {
                    diag.error(attr, "what was typed is not completed by another function", "remove it");
                }
                return Some(Self::Input(Input { argument, complete: complete? }));
            }
            ToolParameter::Context(context) => Self::Context(context),
            ToolParameter::State(state) => Self::State(state),
        };
        if let Some(attr) = completes.first() {
            diag.error(attr, "`#[complete]` is for an argument, which this is not", "remove it");
        }
        Some(parameter)
    }
}

impl Parameter {
    /// The text that it is, if it is one.
    pub(super) fn input(&self) -> Option<&Input> {
        match self {
            Self::Input(input) => Some(input),
            _ => None,
        }
    }
}

/// The function that completes an argument.
fn completer(attrs: &[Attribute]) -> syn::Result<Option<Path>> {
    let Some(attr) = attrs.first() else { return Ok(None) };
    if let Some(second) = attrs.get(1) {
        return Err(error(second, "`#[complete]` is given twice", "keep one of them"));
    }
    attr.parse_args::<Path>().map(Some).map_err(|_| {
        let quoted = attr.parse_args::<LitStr>();
        let name = quoted.as_ref().map_or_else(|_| "cities".to_owned(), LitStr::value);
        let help = format!("name one that has `#[complete]`: write `#[complete({name})]`");
        error(attr, "`#[complete]` on an argument needs the function that completes it", help)
    })
}

/// Reports what only tools can say of an argument.
fn check_argument(kind: Kind, argument: &Argument, attr: Option<&Attribute>, diag: &mut Diagnostics) {
    let noun = kind.noun();
    if let Some(header) = &argument.header {
        diag.error(header, format_args!("`header` is for tools, and this is a {noun}"), "remove it");
    }
    match (kind, attr) {
        (Kind::Resource, Some(attr)) if argument.default.is_some() => {
            diag.error(attr, "a variable of a URI always has a value", "remove `default`");
        }
        (Kind::Completion, Some(attr)) => {
            diag.error(attr, "`#[arg]` has no effect on what was typed", "remove it");
        }
        _ => {}
    }
}

/// The tokens that an input stands at.
pub(super) fn token(input: &Input) -> proc_macro2::TokenStream {
    input.argument.ident.to_token_stream()
}
