//! The checked form of a tool.

use heck::ToUpperCamelCase;
use pmcp_macro_support::{CratePath, Diagnostics, SigFn, description, is_primitive_type, strip_attributes};
use quote::ToTokens;
use syn::{Ident, LitStr, Safety, ext::IdentExt};

use super::{
    PARAMETER_ATTRIBUTES,
    args::{Given, Hints, Millis, OnCrash, Support, TaskToolArgs},
    input::Input,
    output::Output,
    parameter::{ContextKind, Parameter},
};

/// How long a task exists beyond the time its work may take.
const AFTERLIFE: u64 = 600_000;
/// How long a task may exist.
const LONGEST: u64 = 86_400_000;

/// A tool.
pub(super) struct TaskTool {
    /// The function, without what the compiler does not understand on its parameters.
    pub(super) func: SigFn,
    pub(super) krate: CratePath,
    pub(super) name: String,
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) support: Support,
    pub(super) ttl: Option<Millis>,
    pub(super) poll_interval: Option<Millis>,
    pub(super) timeout: Option<Millis>,
    pub(super) on_crash: OnCrash,
    pub(super) hints: Hints,
    pub(super) input: Input,
    /// In the order of the signature.
    pub(super) parameters: Vec<Parameter>,
    pub(super) output: Output,
}

impl TaskTool {
    /// Checks everything that grammar leaves open. Arguments that did not parse are taken as none were given.
    pub(super) fn build(args: Option<&TaskToolArgs>, func: Option<&SigFn>, diag: &mut Diagnostics) -> Option<Self> {
        let none = TaskToolArgs::default();
        let given = args.unwrap_or(&none);
        check_times(given, diag);
        let func = func?;
        check_signature(func, diag);
        let parameters: Vec<Option<Parameter>> =
            func.sig.inputs.iter().map(|input| Parameter::build(input, diag)).collect();
        check_contexts(&parameters, given.support, diag);
        let input = Input::build(func, given.args.as_ref(), &parameters, diag);
        let name = tool_name(func, given.name.as_ref(), diag);
        let output = diag.take(Output::build(&func.sig.output));
        if args.is_none() || diag.has_errors() {
            return None;
        }
        let mut stripped = func.clone();
        strip_attributes(&mut stripped.sig, &PARAMETER_ATTRIBUTES);
        Some(Self {
            func: stripped,
            krate: CratePath::new(given.krate.as_ref(), "pmcp_tasks"),
            name,
            title: given.title.as_ref().map(LitStr::value),
            description: given.description.as_ref().map(LitStr::value).or_else(|| description(&func.attrs)),
            support: given.support.map_or(Support::Optional, |support| support.value),
            ttl: given.ttl.map(|ttl| ttl.value),
            poll_interval: given.poll_interval.map(|interval| interval.value),
            timeout: given.timeout.map(|timeout| timeout.value),
            on_crash: given.on_crash.map_or(OnCrash::Fail, |on_crash| on_crash.value),
            hints: given.hints,
            input,
            parameters: parameters.into_iter().collect::<Option<_>>()?,
            output: output?,
        })
    }
}

/// The name of the struct made of a function's arguments.
pub(super) fn arguments_name(func: &SigFn, given: Option<&Ident>) -> Ident {
    given.cloned().unwrap_or_else(|| {
        let name = func.sig.ident.unraw().to_string().to_upper_camel_case();
        Ident::new(&format!("{name}Args"), func.sig.ident.span())
    })
}

fn tool_name(func: &SigFn, given: Option<&LitStr>, diag: &mut Diagnostics) -> String {
    let name = given.map_or_else(|| func.sig.ident.unraw().to_string(), LitStr::value);
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let at = given.map_or_else(|| func.sig.ident.to_token_stream(), ToTokens::to_token_stream);
    let allowed = "a tool's name is 1 to 128 of `A-Z a-z 0-9 _ - .`";
    if let Some(wrong) = name.chars().find(|c| !is_allowed(*c)) {
        let help =
            if given.is_some() { allowed.into() } else { format!("{allowed}: give it one with `name = \"…\"`") };
        diag.error(at, format_args!("a tool's name cannot contain `{wrong}`"), help);
    } else if name.is_empty() {
        diag.error(at, "a tool's name cannot be empty", allowed);
    } else if name.len() > 128 {
        diag.error(at, format_args!("a tool's name cannot have {} characters", name.len()), allowed);
    }
    name
}

fn check_signature(func: &SigFn, diag: &mut Diagnostics) {
    let sig = &func.sig;
    let name = &sig.ident;
    if sig.asyncness.is_none() {
        diag.error(sig.fn_token, "a tool is an `async fn`", format_args!("write `async fn {name}`"));
    }
    if let Safety::Unsafe(token) = &sig.safety {
        diag.error(token, "a tool cannot be `unsafe`", "keep the unsafe part in a function that the tool calls");
    }
    if let Some(token) = &sig.constness {
        diag.error(token, "a tool cannot be `const`", "remove `const`");
    }
    if let Some(abi) = &sig.abi {
        diag.error(abi, "a tool cannot have a foreign ABI", "remove `extern`");
    }
    if !sig.generics.params.is_empty() {
        diag.error(
            &sig.generics,
            "a tool cannot be generic",
            "name the types; several tools can call one generic function",
        );
    } else if let Some(clause) = &sig.generics.where_clause {
        diag.error(clause, "a tool cannot have a `where` clause", "remove it");
    }
    if let Some(variadic) = &sig.variadic {
        diag.error(variadic, "a tool cannot be variadic", "take a `Vec<T>`");
    }
    if is_primitive_type(&name.to_string()) {
        diag.error(
            name,
            format_args!("a tool's function cannot be named like the primitive type `{name}`"),
            format_args!("rename the function and use `name = \"{name}\"`"),
        );
    }
}

fn check_times(args: &TaskToolArgs, diag: &mut Diagnostics) {
    if let Some(Given { value: Millis(timeout), span }) = args.timeout
        && timeout.saturating_add(AFTERLIFE) > LONGEST
    {
        diag.push(syn::Error::new(
            span,
            format_args!(
                "`timeout` is too long: a task exists for at most 24 hours, ten minutes longer than its work\nhelp: use at \
                 most `\"{}m\"`",
                (LONGEST - AFTERLIFE) / 60_000
            ),
        ));
    }
    if args.support.is_some_and(|support| support.value == Support::Forbidden) {
        let spans = [
            ("ttl", args.ttl.map(|given| given.span)),
            ("poll_interval", args.poll_interval.map(|given| given.span)),
            ("on_crash", args.on_crash.map(|given| given.span)),
        ];
        for (key, span) in spans {
            if let Some(span) = span {
                diag.push(syn::Error::new(
                    span,
                    format_args!(
                        "`{key}` has no effect when `support = \"forbidden\"`\nhelp: remove it, or use `support = \"optional\"`"
                    ),
                ));
            }
        }
    }
}

fn check_contexts(parameters: &[Option<Parameter>], support: Option<Given<Support>>, diag: &mut Diagnostics) {
    let mut contexts = parameters.iter().flatten().filter_map(|parameter| match parameter {
        Parameter::Context(context) => Some(context),
        _ => None,
    });
    let Some(first) = contexts.next() else { return };
    if support.is_some_and(|support| support.value == Support::Forbidden) && matches!(first.kind, ContextKind::Task(_))
    {
        diag.error(
            &first.token,
            "`TaskContext` is unavailable when `support = \"forbidden\"`",
            "use `support = \"optional\"`, or take `ToolContext` instead",
        );
    }
    for second in contexts {
        diag.error(
            &second.token,
            "a tool takes one context",
            "keep one: `TaskContext` has everything of `ToolContext`",
        );
    }
}
