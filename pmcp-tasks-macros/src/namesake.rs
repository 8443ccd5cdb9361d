//! The empty type that is named like a function and stands for it: what builders, steps and widgets take.

use pmcp_macro_support::SigFn;
use proc_macro2::TokenStream;
use quote::quote;

/// The function as it was written, and the type that stands for it, which is a `noun` to the reader.
pub(crate) fn beside(func: &SigFn, noun: &str) -> TokenStream {
    let ident = &func.sig.ident;
    // The function has the user's words; here their examples would be tests once more.
    let doc = format!(" The {noun} [`{ident}`](fn@{ident}).");
    let namesake = documented(func, Some(&doc));
    quote! {
        // It is `async` whether or not it waits for anything.
        #[allow(clippy::unused_async)]
        #func

        #namesake
    }
}

/// The type alone, for what could not be made.
pub(crate) fn alone(func: &SigFn) -> TokenStream {
    documented(func, None)
}

fn documented(func: &SigFn, doc: Option<&str>) -> TokenStream {
    let (ident, vis, cfgs) = (&func.sig.ident, &func.vis, func.cfgs());
    let doc = doc.map(|doc| quote!(#[doc = #doc]));
    quote! {
        #(#cfgs)*
        #doc
        #[doc(hidden)]
        #[allow(dead_code, missing_debug_implementations, non_camel_case_types, unreachable_pub)]
        #vis enum #ident {}
    }
}
