//! Return types of the functions that tools and steps are made of.

use pmcp_macro_support::{error, last_segment, type_argument};
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::ReturnType;

/// The types a run ends with.
pub(crate) enum Output {
    /// A value.
    Value(TokenStream),
    /// A value or an error.
    Result { value: TokenStream, error: TokenStream },
    /// An alias of `Result`, which hides one of the two.
    Alias(TokenStream),
}

impl Output {
    /// Looks at the return type of what is this to the reader: "a tool".
    pub(crate) fn build(output: &ReturnType, what: &str) -> syn::Result<Self> {
        let ReturnType::Type(_, ty) = output else { return Ok(Self::Value(quote!(()))) };
        refuse_borrows(&ty.to_token_stream(), what)?;
        let segment = last_segment(ty).filter(|segment| segment.ident == "Result");
        Ok(match segment.map(|segment| (type_argument(segment, 0), type_argument(segment, 1))) {
            None => Self::Value(ty.to_token_stream()),
            Some((Some(value), Some(error))) => {
                Self::Result { value: value.to_token_stream(), error: error.to_token_stream() }
            }
            Some(_) => Self::Alias(ty.to_token_stream()),
        })
    }
}

impl Output {
    /// The type of the value.
    pub(crate) fn value(&self, p: &TokenStream) -> TokenStream {
        match self {
            Self::Value(value) | Self::Result { value, .. } => value.clone(),
            Self::Alias(result) => projected(result, &quote!(#p::AnyResult), "Value"),
        }
    }

    /// A function that asks of the error, where it is written, what errors must have.
    pub(crate) fn failure(&self, p: &TokenStream) -> Option<TokenStream> {
        let Self::Result { error, .. } = self else { return None };
        Some(quote! {
            fn __pmcp_failure() -> fn(#error) -> #p::ToolError {
                #p::failure::<#error>()
            }
        })
    }
}

/// An associated type of a type of the user's: an error about it is at that type, as a whole.
pub(crate) fn projected(ty: &TokenStream, of: &TokenStream, associated: &str) -> TokenStream {
    let mut tokens = ty.clone().into_iter();
    let start = tokens.next().map_or_else(Span::call_site, |token| token.span());
    let end = tokens.last().map_or(start, |token| token.span());
    let associated = Ident::new(associated, end);
    let mut projected = quote_spanned!(start=> <);
    projected.extend(quote!(#ty));
    projected.extend(quote_spanned!(end=> as #of>::#associated));
    projected
}

fn refuse_borrows(ty: &TokenStream, what: &str) -> syn::Result<()> {
    let mut tokens = ty.clone().into_iter().peekable();
    while let Some(token) = tokens.next() {
        let is_static = |next: Option<&TokenTree>| matches!(next, Some(TokenTree::Ident(name)) if name == "static");
        let wrong = match token {
            TokenTree::Group(group) => {
                refuse_borrows(&group.stream(), what)?;
                continue;
            }
            TokenTree::Ident(ident) if ident == "impl" => {
                return Err(error(
                    ident,
                    format_args!("{what}'s result needs a type of its own"),
                    "name the type instead of `impl Trait`",
                ));
            }
            TokenTree::Punct(punct) if punct.as_char() == '\'' => {
                if is_static(tokens.peek()) {
                    continue;
                }
                let name = tokens.next();
                quote!(#punct #name)
            }
            // What follows an `&` is looked at next, so only a reference without a lifetime is wrong here.
            TokenTree::Punct(punct) if punct.as_char() == '&' => match tokens.peek() {
                Some(TokenTree::Punct(next)) if next.as_char() == '\'' => continue,
                _ => quote!(#punct),
            },
            TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => continue,
        };
        return Err(error(
            wrong,
            format_args!("{what}'s result cannot borrow"),
            "return an owned type, such as `String`",
        ));
    }
    Ok(())
}
