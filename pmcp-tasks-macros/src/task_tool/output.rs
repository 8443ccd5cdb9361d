//! Return type of the function.

use pmcp_macro_support::{error, last_segment, type_argument};
use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ReturnType;

/// The types a run ends with.
pub(super) enum Output {
    /// A value.
    Value(TokenStream),
    /// A value or an error.
    Result { value: TokenStream, error: TokenStream },
    /// An alias of `Result`, which hides one of the two.
    Alias(TokenStream),
}

impl Output {
    /// Looks at a return type.
    pub(super) fn build(output: &ReturnType) -> syn::Result<Self> {
        let ReturnType::Type(_, ty) = output else { return Ok(Self::Value(quote!(()))) };
        refuse_borrows(&ty.to_token_stream())?;
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

fn refuse_borrows(ty: &TokenStream) -> syn::Result<()> {
    let mut tokens = ty.clone().into_iter().peekable();
    while let Some(token) = tokens.next() {
        let is_static = |next: Option<&TokenTree>| matches!(next, Some(TokenTree::Ident(name)) if name == "static");
        let wrong = match token {
            TokenTree::Group(group) => {
                refuse_borrows(&group.stream())?;
                continue;
            }
            TokenTree::Ident(ident) if ident == "impl" => {
                return Err(error(
                    ident,
                    "a tool's result needs a type of its own",
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
        return Err(error(wrong, "a tool's result cannot borrow", "return an owned type, such as `String`"));
    }
    Ok(())
}
