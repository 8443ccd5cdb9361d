//! Types of parameters, as they are stored and lent to the function.

use pmcp_macro_support::{error, last_segment, peel, type_argument};
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{AngleBracketedGenericArguments, Path, PathArguments, Type, TypeReference};

/// A parameter's type as it is stored.
#[derive(Clone)]
pub(crate) struct Owned {
    /// The stored type, which borrows nothing.
    pub(crate) ty: TokenStream,
    /// Way the parameter is made of it.
    pub(crate) lent: Lent,
    /// Type the parameter refers to, if it is a reference or an `Option` of one.
    pub(crate) target: TokenStream,
}

/// Ways a parameter is made of a stored value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lent {
    /// It is the value.
    Value,
    /// It is a reference to the value.
    Reference,
    /// It is an `Option` of a reference to the value.
    OptionOfReference,
    /// The same, where the reference is to a `str` or a slice.
    OptionOfSlice,
}

impl Owned {
    /// The stored form of the type of a parameter, which is this to the reader: "an argument".
    pub(crate) fn build(ty: &Type, what: &str) -> syn::Result<Self> {
        let owned = if let Type::Reference(reference) = peel(ty) {
            Self::reference(reference, what)?
        } else if let Some((option, arguments, reference)) = option_of_reference(ty) {
            let Self { ty: inner, lent: _, target } = Self::reference(reference, what)?;
            let is_slice = inner.to_string() != target.to_string();
            let lent = if is_slice { Lent::OptionOfSlice } else { Lent::OptionOfReference };
            // With the user's own brackets, so that an error is about the whole of it.
            let (lt, gt) = (arguments.lt_token, arguments.gt_token);
            Self { ty: quote!(#option #lt #inner #gt), lent, target }
        } else {
            Self { ty: ty.to_token_stream(), lent: Lent::Value, target: ty.to_token_stream() }
        };
        refuse_parts(&owned.ty, what)?;
        Ok(owned)
    }

    fn reference(reference: &TypeReference, what: &str) -> syn::Result<Self> {
        if let Some(token) = reference.mutability {
            return Err(error(token, format_args!("{what} cannot be borrowed mutably"), "take it by value"));
        }
        if let Some(lifetime) = &reference.lifetime {
            return Err(error(
                lifetime,
                format_args!("{what} lives only as long as the call"),
                "remove the lifetime, or take it by value",
            ));
        }
        let elem = peel(&reference.elem);
        let start = reference.and_token.span;
        let ty = match elem {
            Type::Slice(slice) => {
                // The stored type stands where the slice stood: an error about it belongs there as a whole.
                let (item, end) = (&slice.elem, slice.bracket_token.span.close());
                let mut ty = quote_spanned!(start=> ::std::vec::Vec<#item);
                ty.extend(quote_spanned!(end=> >));
                ty
            }
            _ if last_segment(elem).is_some_and(|segment| segment.ident == "str") => {
                quote_spanned!(start=> ::std::string::String)
            }
            // Whoever calls a type of their own `Path` gets that type.
            _ if last_segment(elem).is_some_and(|segment| segment.ident == "Path") => {
                quote_spanned!(start=> <#elem as ::std::borrow::ToOwned>::Owned)
            }
            _ => elem.to_token_stream(),
        };
        Ok(Self { ty, lent: Lent::Reference, target: elem.to_token_stream() })
    }
}

/// The path of `Option`, its arguments and the reference in `Option<&T>`.
fn option_of_reference(ty: &Type) -> Option<(Path, &AngleBracketedGenericArguments, &TypeReference)> {
    let Type::Path(option) = peel(ty) else { return None };
    let segment = last_segment(ty).filter(|segment| segment.ident == "Option")?;
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    let Type::Reference(reference) = peel(type_argument(segment, 0)?) else { return None };
    let mut path = option.path.clone();
    path.segments.last_mut()?.arguments = PathArguments::None;
    Some((path, arguments, reference))
}

/// Writes what the function is called with, of what is stored.
pub(crate) fn lend(lent: Lent, stored: &TokenStream) -> TokenStream {
    match lent {
        Lent::Value => stored.clone(),
        Lent::Reference => quote!(&#stored),
        Lent::OptionOfReference => quote!(::core::option::Option::as_ref(&#stored)),
        Lent::OptionOfSlice => quote!(::core::option::Option::as_deref(&#stored)),
    }
}

/// The place in a type where this name stands.
pub(crate) fn names(ty: &TokenStream, name: &Ident) -> Option<Ident> {
    ty.clone().into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) if ident == *name => Some(ident),
        TokenTree::Group(group) => names(&group.stream(), name),
        _ => None,
    })
}

fn borrowed(tokens: impl ToTokens, what: &str) -> syn::Error {
    error(
        tokens,
        format_args!("{what} cannot borrow inside another type"),
        "use owned types inside, such as `String`; `&str`, `&[T]` and `&T` may be borrowed as a whole",
    )
}

/// Refuses what a stored type may not have anywhere inside.
fn refuse_parts(ty: &TokenStream, what: &str) -> syn::Result<()> {
    let mut tokens = ty.clone().into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => refuse_parts(&group.stream(), what)?,
            TokenTree::Ident(ident) if ident == "impl" || ident == "dyn" => {
                let help = format!("name the type instead of `{ident} Trait`");
                return Err(error(ident, format_args!("{what} needs a type of its own"), help));
            }
            TokenTree::Punct(punct) if punct.as_char() == '&' => {
                return Err(borrowed(punct, what));
            }
            TokenTree::Punct(punct) if punct.as_char() == '\'' => {
                let is_static = matches!(tokens.peek(), Some(TokenTree::Ident(name)) if name == "static");
                if !is_static {
                    let name = tokens.next();
                    return Err(borrowed(quote!(#punct #name), what));
                }
            }
            TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(ty: &str) -> Result<(String, Lent), String> {
        let ty = syn::parse_str(ty).unwrap();
        Owned::build(&ty, "an argument")
            .map(|owned| (owned.ty.to_string().replace(' ', ""), owned.lent))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn references_are_stored_owned() {
        let cases = [
            ("u32", "u32", Lent::Value),
            ("&str", "::std::string::String", Lent::Reference),
            ("&[Row]", "::std::vec::Vec<Row>", Lent::Reference),
            ("&Row", "Row", Lent::Reference),
            ("&Path", "<Pathas::std::borrow::ToOwned>::Owned", Lent::Reference),
            ("Option<u8>", "Option<u8>", Lent::Value),
            ("Option<&str>", "Option<::std::string::String>", Lent::OptionOfSlice),
            ("std::option::Option<&Row>", "std::option::Option<Row>", Lent::OptionOfReference),
            ("Cow<'static, str>", "Cow<'static,str>", Lent::Value),
        ];
        for (ty, stored, lent) in cases {
            assert_eq!(build(ty).unwrap(), (stored.into(), lent), "{ty}");
        }
    }

    #[test]
    fn other_borrows_are_refused() {
        let cases = [
            ("&mut Row", "an argument cannot be borrowed mutably"),
            ("&'static str", "an argument lives only as long as the call"),
            ("Vec<&str>", "an argument cannot borrow inside another type"),
            ("(u8, [&u8; 2])", "an argument cannot borrow inside another type"),
            ("Cow<'_, str>", "an argument cannot borrow inside another type"),
            ("Vec<impl Row>", "an argument needs a type of its own"),
            ("&dyn Row", "an argument needs a type of its own"),
        ];
        for (ty, message) in cases {
            assert!(build(ty).unwrap_err().starts_with(message), "{ty}");
        }
    }
}
