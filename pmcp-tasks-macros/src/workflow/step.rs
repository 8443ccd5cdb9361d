//! The checked form of a step.

use pmcp_macro_support::{Diagnostics, SigFn, description, strip_attributes};
use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{FnArg, Ident, LitStr, ReturnType, ext::IdentExt};

use super::{
    args::{OnError, StepArgs, is_step},
    literal::Literal,
    mapping::{Returned, may_give_nothing},
    parameter::{Among, Known, PARAMETER_ATTRIBUTES, Parameter, Taken},
    signature,
};
use crate::{output::Output, values::Millis};

/// A step.
pub(super) struct Step {
    /// The function, without what the compiler does not understand.
    pub(super) func: SigFn,
    pub(super) name: String,
    pub(super) title: Option<String>,
    pub(super) guidance: Option<String>,
    pub(super) hidden: bool,
    pub(super) on_error: OnError,
    pub(super) timeout: Option<Millis>,
    pub(super) may_be_skipped: bool,
    pub(super) kind: Kind,
    /// In the order of the signature.
    pub(super) parameters: Vec<Parameter>,
}

/// The doer of a step, and the use of its function.
pub(super) enum Kind {
    /// The server runs it.
    Server(Output),
    /// A tool is called, by the server or by the client.
    Tool { tool: TokenStream, is_client: bool, returned: Returned, literal: Option<Literal> },
    /// The client gives a value of this type.
    Output { ty: TokenStream, returned: Returned },
}

impl Step {
    /// The function's name.
    pub(super) fn ident(&self) -> &Ident {
        &self.func.sig.ident
    }

    /// The results that it takes.
    pub(super) fn taken(&self) -> impl DoubleEndedIterator<Item = &Taken> {
        self.parameters.iter().filter_map(|parameter| match parameter {
            Parameter::Result(taken) => Some(taken),
            _ => None,
        })
    }
}

/// A function marked as a step, with the arguments of its mark if they parse.
pub(super) struct Marked<'a> {
    pub(super) func: &'a SigFn,
    pub(super) args: Option<StepArgs>,
}

impl<'a> Marked<'a> {
    /// Reads the mark of a function.
    pub(super) fn build(func: &'a SigFn, diag: &mut Diagnostics) -> Self {
        let args = diag.take(StepArgs::parse(func));
        if let Some(args) = &args {
            check_keys(args, diag);
        }
        Self { func, args }
    }

    /// Returns what other steps may know of it.
    pub(super) fn known(&self) -> Known {
        let may_be_skipped = self.args.as_ref().map(|args| {
            let fails = args.on_error.is_some_and(|on_error| on_error.value == OnError::Skip);
            let is_server = args.tool.is_none() && args.client.is_none();
            fails || (!is_server && may_give_nothing(&self.func.sig.output))
        });
        Known { name: self.func.sig.ident.unraw().to_string(), may_be_skipped }
    }

    /// Checks everything else.
    pub(super) fn step(self, steps: &[Known], at: usize, diag: &mut Diagnostics) -> Option<Step> {
        let Self { func, args } = self;
        let is_server = args.as_ref().map(|args| args.tool.is_none() && args.client.is_none());
        signature::check(func, diag);
        if let Some(args) = &args {
            signature::check_async(&func.sig, args, diag);
        }
        let among = Among { steps, at, is_server };
        let parameters = parameters(func, &among, diag);
        let args = args?;
        let kind = Kind::build(func, &args, parameters.as_deref(), diag)?;
        let known = steps.get(at)?;
        let mut stripped = func.clone();
        stripped.attrs.retain(|attr| !is_step(attr));
        strip_attributes(&mut stripped.sig, &PARAMETER_ATTRIBUTES);
        Some(Step {
            func: stripped,
            name: known.name.clone(),
            title: args.title.as_ref().map(LitStr::value),
            guidance: description(&func.attrs),
            hidden: args.hidden,
            on_error: args.on_error.map_or(OnError::Pause, |on_error| on_error.value),
            timeout: args.timeout.map(|timeout| timeout.value),
            may_be_skipped: known.may_be_skipped?,
            kind,
            parameters: parameters?,
        })
    }
}

fn parameters(func: &SigFn, among: &Among<'_>, diag: &mut Diagnostics) -> Option<Vec<Parameter>> {
    let typed = func.sig.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(typed) => Some(typed),
        FnArg::Receiver(_) => None,
    });
    let built: Vec<(_, Option<Parameter>)> = typed.map(|typed| (typed, Parameter::build(typed, among, diag))).collect();
    let (mut taken, mut has_context) = (Vec::new(), false);
    for (typed, parameter) in &built {
        match parameter {
            Some(Parameter::Result(Taken { ident, step, name, .. })) => {
                if taken.contains(step) {
                    diag.error(ident, format_args!("the result of step `{name}` is taken twice"), "remove one of them");
                }
                taken.push(*step);
            }
            Some(Parameter::Context(_)) => {
                if has_context {
                    diag.error(
                        &typed.ty,
                        "a step takes one context",
                        "keep one: `TaskContext` has everything of `ToolContext`",
                    );
                }
                has_context = true;
            }
            _ => {}
        }
    }
    built.into_iter().map(|(_, parameter)| parameter).collect()
}

/// Reports keys that do not go together.
fn check_keys(args: &StepArgs, diag: &mut Diagnostics) {
    let StepArgs { tool, client, output, .. } = args;
    match (tool, client, output) {
        (None, Some(client), None) => diag.error(
            client,
            "a `client` step needs a tool to call, or the type of what the client gives back",
            "write `client, tool = …` or `client, output = …`",
        ),
        (Some(_), _, Some(output)) => {
            diag.error(output, "`output` has no effect beside `tool`, whose result is known", "remove it");
        }
        (None, None, Some(_)) => {
            if let Some(word) = args.key("output") {
                let help =
                    "write `client, output = …`, or remove it: the result of a step of the server is what it returns";
                diag.error(word, "`output` is what a client gives back", help);
            }
        }
        _ => {}
    }
    if let (Some(_), Some(word)) = (client, args.key("on_error")) {
        diag.error(word, "`on_error` has no effect on a `client` step, which the server does not do", "remove it");
    }
    if let (true, Some(word)) = (tool.is_some() || client.is_some(), args.key("timeout")) {
        let help = match tool {
            Some(_) => "remove it: tools have a `timeout` of their own",
            None => "remove it: the client has as long as the workflow's `ttl`",
        };
        diag.error(word, "`timeout` is for steps that the server runs", help);
    }
}

impl Kind {
    fn build(func: &SigFn, args: &StepArgs, parameters: Option<&[Parameter]>, diag: &mut Diagnostics) -> Option<Self> {
        let sig = &func.sig;
        let is_client = args.client.is_some();
        Some(match (&args.tool, &args.output) {
            (Some(tool), _) => {
                if matches!(sig.output, ReturnType::Default) {
                    let written = super::parameter::written(&tool.to_token_stream());
                    diag.error(
                        &sig.ident,
                        format_args!("step `{}` returns no arguments for `{written}`", sig.ident),
                        "return the tool's arguments, or `None` in place of them to skip the step",
                    );
                    return None;
                }
                let returned = Returned::build(&sig.output, diag)?;
                let can_repeat = parameters.is_some_and(|parameters| parameters.iter().all(can_repeat));
                let literal = Literal::build(&func.body, &returned).filter(|_| can_repeat);
                Self::Tool { tool: tool.to_token_stream(), is_client, returned, literal }
            }
            (None, Some(ty)) if is_client => {
                Self::Output { ty: ty.to_token_stream(), returned: Returned::build(&sig.output, diag)? }
            }
            (None, _) => Self::Server(diag.take(Output::build(&sig.output, "a step"))?),
        })
    }
}

/// Tells whether a parameter can be passed to each field alone.
fn can_repeat(parameter: &Parameter) -> bool {
    match parameter {
        Parameter::Result(taken) => taken.is_copy(),
        _ => true,
    }
}

/// The tokens of the parameters of a function, without its receiver.
pub(super) fn typed_inputs(func: &SigFn) -> Vec<TokenStream> {
    let inputs = func.sig.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(typed) => Some(typed.to_token_stream()),
        FnArg::Receiver(_) => None,
    });
    inputs.collect()
}
