//! What the function returns.

use pmcp_macro_support::{error, last_segment, type_argument};
use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{ReturnType, Type};

/// The types a run ends with.
pub(super) enum Output {
    /// A value.
    Value(TokenStream),
    /// A value or an error; `None` where an alias of `Result` does not show the type.
    Result { result: TokenStream, value: Option<TokenStream>, error: Option<TokenStream> },
}

impl Output {
    /// Looks at a return type.
    pub(super) fn build(output: &ReturnType) -> syn::Result<Self> {
        let ReturnType::Type(_, ty) = output else { return Ok(Self::Value(quote!(()))) };
        refuse_borrows(&ty.to_token_stream())?;
        if let Some(segment) = last_segment(ty).filter(|segment| segment.ident == "Result") {
            let argument = |position| type_argument(segment, position).map(Type::to_token_stream);
            return Ok(Self::Result { result: ty.to_token_stream(), value: argument(0), error: argument(1) });
        }
        Ok(Self::Value(ty.to_token_stream()))
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
