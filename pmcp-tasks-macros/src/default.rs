//! Values for what is left out: `default`, and `default = …`.

use pmcp_macro_support::Keys;
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Expr, Lit};

/// The value of what is left out.
pub(crate) enum DefaultValue {
    /// `default`
    OfType,
    /// `default = …`
    Value(Box<Expr>),
}

impl DefaultValue {
    /// Takes it out of the arguments of an attribute.
    pub(crate) fn parse(keys: &mut Keys) -> Option<Self> {
        let (_, value) = keys.expr("default")?;
        Some(value.map_or(Self::OfType, |value| Self::Value(Box::new(value))))
    }

    /// A function that makes it, of this type. A text is one for a `String`, too.
    pub(crate) fn function(&self, ty: &TokenStream) -> TokenStream {
        match self {
            Self::OfType => quote!(<#ty as ::core::default::Default>::default),
            Self::Value(value) if is_text(value) && is_string(ty) => quote!(|| ::core::convert::From::from(#value)),
            Self::Value(value) => quote!(|| #value),
        }
    }
}

fn is_text(value: &Expr) -> bool {
    matches!(value, Expr::Lit(value) if matches!(value.lit, Lit::Str(_)))
}

fn is_string(ty: &TokenStream) -> bool {
    ty.clone().into_iter().last().is_some_and(|last| last.to_string() == "String")
}
