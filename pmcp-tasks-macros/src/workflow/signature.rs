//! Checks of a step's signature, before anything is made of it.

use pmcp_macro_support::{Diagnostics, SigFn};
use syn::{Attribute, FnArg, ReceiverKind, Safety, Signature};

use super::args::StepArgs;

/// Reports what no step's function may be.
pub(super) fn check(func: &SigFn, diag: &mut Diagnostics) {
    let sig = &func.sig;
    check_receiver(sig, diag);
    for attr in func.attrs.iter().filter(|attr| is_cfg(attr)) {
        diag.error(attr, "a step cannot depend on a `cfg`", "write the `impl` twice, with the `cfg` on the `impl`s");
    }
    for attr in sig.inputs.iter().flat_map(attributes).filter(|attr| is_cfg(attr)) {
        diag.error(
            attr,
            "a parameter cannot depend on a `cfg`",
            "write the `impl` twice, with the `cfg` on the `impl`s",
        );
    }
    if let Safety::Unsafe(token) = &sig.safety {
        diag.error(token, "a step cannot be `unsafe`", "keep the unsafe part in a function that the step calls");
    }
    if let Some(token) = &sig.constness {
        diag.error(token, "a step cannot be `const`", "remove `const`");
    }
    if let Some(abi) = &sig.abi {
        diag.error(abi, "a step cannot have a foreign ABI", "remove `extern`");
    }
    if !sig.generics.params.is_empty() {
        diag.error(
            &sig.generics,
            "a step cannot be generic",
            "name the types; several steps can call one generic function",
        );
    } else if let Some(clause) = &sig.generics.where_clause {
        diag.error(clause, "a step cannot have a `where` clause", "remove it");
    }
    if let Some(variadic) = &sig.variadic {
        diag.error(variadic, "a step cannot be variadic", "take a `Vec<T>`");
    }
}

/// Reports a function that is `async` and should not be, or the other way round.
pub(super) fn check_async(sig: &Signature, args: &StepArgs, diag: &mut Diagnostics) {
    let help = "remove `async`; what takes time belongs into a step before";
    match (&sig.asyncness, &args.client, &args.tool) {
        // Of an output without a client it is not known who was meant.
        (None, None, None) if args.output.is_none() => {
            let help = format!("write `async fn {}`, or say who does it with `tool = …` or `client`", sig.ident);
            diag.error(sig.fn_token, "a step of the server is an `async fn`", help);
        }
        (Some(token), Some(_), _) => {
            diag.error(token, "a `client` step does nothing itself, so it is not `async`", help);
        }
        (Some(token), None, Some(_)) => {
            diag.error(token, "a step with a `tool` only maps arguments, so it is not `async`", help);
        }
        _ => {}
    }
}

fn check_receiver(sig: &Signature, diag: &mut Diagnostics) {
    let Some(receiver) = sig.receiver() else {
        let name = &sig.ident;
        diag.error(
            name,
            format_args!("step `{name}` does not take `&self`, the prompt's arguments"),
            format_args!("write `fn {name}(&self, …)`"),
        );
        return;
    };
    let borrows = ("a step borrows the prompt's arguments", "take `&self`");
    let changes =
        ("a step cannot change the prompt's arguments", "take `&self`; keep what changes in variables, or return it");
    match (&receiver.kind, &receiver.mutability) {
        (ReceiverKind::Reference(_, _, Some(token)), _) | (_, Some(token)) => diag.error(token, changes.0, changes.1),
        (ReceiverKind::Reference(_, Some(lifetime), None), None) => {
            diag.error(lifetime, "a step borrows the prompt's arguments only as long as it runs", "take `&self`");
        }
        (ReceiverKind::Reference(_, None, None), None) => {}
        (_, None) => diag.error(receiver.self_token, borrows.0, borrows.1),
    }
}

fn attributes(input: &FnArg) -> &[Attribute] {
    match input {
        FnArg::Receiver(receiver) => &receiver.attrs,
        FnArg::Typed(typed) => &typed.attrs,
    }
}

fn is_cfg(attr: &Attribute) -> bool {
    attr.path().is_ident("cfg") || attr.path().is_ident("cfg_attr")
}
