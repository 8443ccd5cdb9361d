//! Path at which generated code finds the runtime.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::Path;

/// The path of the runtime crate: absolute, and `crate = ::path` for those who re-export it.
#[derive(Clone, Debug)]
pub struct CratePath(TokenStream);

impl CratePath {
    /// The path given by the user, else the crate's own name.
    #[must_use]
    pub fn new(given: Option<&Path>, default: &str) -> Self {
        Self(given.map_or_else(
            || {
                let name = syn::Ident::new(default, proc_macro2::Span::call_site());
                quote!(::#name)
            },
            ToTokens::to_token_stream,
        ))
    }

    /// The module that generated code may name.
    #[must_use]
    pub fn private(&self) -> TokenStream {
        let Self(path) = self;
        quote!(#path::__private)
    }
}
