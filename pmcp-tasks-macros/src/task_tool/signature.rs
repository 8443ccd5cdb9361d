//! Signatures of the functions that tools and offers are made of.

use pmcp_macro_support::{Diagnostics, SigFn, is_primitive_type};
use syn::Safety;

/// Reports what the function of this, "tool", cannot have.
pub(crate) fn check_signature(func: &SigFn, what: &str, diag: &mut Diagnostics) {
    let sig = &func.sig;
    let name = &sig.ident;
    if sig.asyncness.is_none() {
        diag.error(sig.fn_token, format_args!("a {what} is an `async fn`"), format_args!("write `async fn {name}`"));
    }
    if let Safety::Unsafe(token) = &sig.safety {
        diag.error(
            token,
            format_args!("a {what} cannot be `unsafe`"),
            format_args!("keep the unsafe part in a function that the {what} calls"),
        );
    }
    if let Some(token) = &sig.constness {
        diag.error(token, format_args!("a {what} cannot be `const`"), "remove `const`");
    }
    if let Some(abi) = &sig.abi {
        diag.error(abi, format_args!("a {what} cannot have a foreign ABI"), "remove `extern`");
    }
    if !sig.generics.params.is_empty() {
        diag.error(
            &sig.generics,
            format_args!("a {what} cannot be generic"),
            format_args!("name the types; several {what}s can call one generic function"),
        );
    } else if let Some(clause) = &sig.generics.where_clause {
        diag.error(clause, format_args!("a {what} cannot have a `where` clause"), "remove it");
    }
    if let Some(variadic) = &sig.variadic {
        diag.error(variadic, format_args!("a {what} cannot be variadic"), "take a `Vec<T>`");
    }
    if is_primitive_type(&name.to_string()) {
        diag.error(
            name,
            format_args!("a {what}'s function cannot be named like the primitive type `{name}`"),
            format_args!("rename the function and use `name = \"{name}\"`"),
        );
    }
}
