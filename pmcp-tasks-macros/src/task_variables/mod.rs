//! `#[derive(TaskVariables)]`.

mod expand;
mod model;
mod serde;

use pmcp_macro_support::Diagnostics;
use proc_macro2::TokenStream;
use syn::{Data, DeriveInput};

use self::model::VariableSet;

/// Builds the stand-in for an item with mistakes: the same without what is said about its fields, else the bare trait.
fn fallback(mut input: DeriveInput) -> TokenStream {
    input.attrs.retain(|attr| !attr.path().is_ident("serde"));
    if let Data::Struct(data) = &mut input.data {
        for field in &mut data.fields {
            field.attrs.retain(|attr| !attr.path().is_ident("variable") && !attr.path().is_ident("serde"));
        }
    }
    let mut reported = Diagnostics::new();
    let set = VariableSet::build(&input, &mut reported);
    drop(reported.finish(TokenStream::new()));
    set.map_or_else(|| expand::stub(&input), |set| set.expand())
}

/// Expands the derive.
pub(crate) fn expand(item: TokenStream) -> TokenStream {
    let mut diag = Diagnostics::new();
    let input = diag.take(syn::parse2(item));
    let tokens = match input.as_ref().and_then(|input| VariableSet::build(input, &mut diag)) {
        Some(set) => set.expand(),
        None => input.map(fallback).unwrap_or_default(),
    };
    diag.finish(tokens)
}
