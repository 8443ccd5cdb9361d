//! `#[derive(FromRef)]`.

mod model;

use pmcp_macro_support::Diagnostics;
use proc_macro2::TokenStream;
use quote::quote;

use self::model::{Part, StateParts};

/// Expands the derive.
pub(crate) fn expand(item: TokenStream) -> TokenStream {
    let mut diag = Diagnostics::new();
    let input = diag.take(syn::parse2(item));
    // What a mistake leaves is provided all the same: a field that is missing here would be an error at each tool.
    let tokens = input.map(|input| StateParts::build(&input, &mut diag).expand()).unwrap_or_default();
    diag.finish(tokens)
}

impl StateParts {
    fn expand(&self) -> TokenStream {
        let p = self.krate.private();
        let ident = &self.ident;
        let impls = self.parts.iter().map(|Part { member, ty }| {
            quote! {
                impl #p::FromRef<#ident> for #ty {
                    fn from_ref(__pmcp_state: &#ident) -> Self {
                        #p::part::<#ty>(&__pmcp_state.#member)
                    }
                }
            }
        });
        quote! {
            const _: () = {
                #(#impls)*
            };
        }
    }
}
