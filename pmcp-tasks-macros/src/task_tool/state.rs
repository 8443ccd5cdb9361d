//! Parts of the server's state that a function takes.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

/// A part of the server's state.
pub(crate) struct State {
    pub(crate) kind: StateKind,
    pub(crate) is_reference: bool,
}

/// Ways the part is named.
pub(crate) enum StateKind {
    /// `State<T>`
    Part(TokenStream),
    /// `#[state]` on a type that does not say of what.
    Alias(TokenStream),
}

impl State {
    /// The bound that it puts on the server's state.
    pub(crate) fn bound(&self, p: &TokenStream) -> TokenStream {
        match &self.kind {
            StateKind::Part(ty) => quote!(#ty: #p::FromRef<__PmcpState>),
            StateKind::Alias(ty) => quote!(#ty: #p::StateParameter<__PmcpState>),
        }
    }

    /// Takes it out of the server's state, for the parameter at this position.
    pub(crate) fn taken(&self, at: usize, p: &TokenStream) -> TokenStream {
        let local = local(at);
        match &self.kind {
            StateKind::Part(ty) => {
                quote!(let #local = #p::State(<#ty as #p::FromRef<__PmcpState>>::from_ref(__pmcp_state));)
            }
            StateKind::Alias(ty) => {
                quote!(let #local = <#ty as #p::StateParameter<__PmcpState>>::from_state(__pmcp_state);)
            }
        }
    }

    /// The parameter at this position, as the function is called with it.
    pub(crate) fn passed(&self, at: usize) -> TokenStream {
        let (borrow, local) = (self.is_reference.then(|| quote!(&)), local(at));
        quote!(#borrow #local)
    }
}

/// A part of the state may have a pattern instead of a name: it goes by its position.
fn local(at: usize) -> Ident {
    Ident::new(&format!("__pmcp_state_{at}"), Span::call_site())
}
