//! `#[derive(Form)]`.

mod args;
mod expand;
mod foreign;
mod model;

use pmcp_macro_support::Diagnostics;
use proc_macro2::TokenStream;
use syn::DeriveInput;

use self::model::Form;

/// Expands the derive.
pub(crate) fn expand(item: TokenStream) -> TokenStream {
    let mut diag = Diagnostics::new();
    let input: Option<DeriveInput> = diag.take(syn::parse2(item));
    let tokens = match input.as_ref().and_then(|input| Form::build(input, &mut diag)) {
        Some(form) => form.expand(),
        None => input.as_ref().map(expand::stub).unwrap_or_default(),
    };
    diag.finish(tokens)
}
