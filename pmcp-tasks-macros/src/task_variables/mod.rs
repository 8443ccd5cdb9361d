//! `#[derive(TaskVariables)]`.

mod expand;
mod model;

use pmcp_macro_support::Diagnostics;
use proc_macro2::TokenStream;

use self::model::VariableSet;

/// Expands the derive.
pub(crate) fn expand(item: TokenStream) -> TokenStream {
    let mut diag = Diagnostics::new();
    let input = diag.take(syn::parse2(item));
    let tokens = match input.as_ref().and_then(|input| VariableSet::build(input, &mut diag)) {
        Some(set) => set.expand(),
        None => input.map(|input| expand::stub(&input)).unwrap_or_default(),
    };
    diag.finish(tokens)
}
