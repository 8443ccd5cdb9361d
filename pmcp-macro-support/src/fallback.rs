//! Tokens that are emitted when there is no model.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// The user's item as it is, without the attributes that only the macro understands, and with a stub of each name that
/// success would define. It works on tokens, since the item may be what did not parse.
#[derive(Debug)]
pub struct Fallback {
    item: TokenStream,
}

impl Fallback {
    /// The item as the macro got it.
    #[must_use]
    pub fn new(item: TokenStream) -> Self {
        Self { item }
    }

    /// Removes these attributes from the parameters of a function.
    #[must_use]
    pub fn strip_parameters(self, attributes: &[&str]) -> Self {
        let item = self.item.into_iter().map(|token| match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => {
                with_stream(&group, strip(group.stream(), attributes)).into()
            }
            token => token,
        });
        Self { item: item.collect() }
    }

    /// Adds the stubs.
    #[must_use]
    pub fn stub(self, stubs: TokenStream) -> TokenStream {
        self.item.into_iter().chain(stubs).collect()
    }
}

fn with_stream(group: &Group, stream: TokenStream) -> Group {
    let mut stripped = Group::new(group.delimiter(), stream);
    stripped.set_span(group.span());
    stripped
}

fn strip(tokens: TokenStream, attributes: &[&str]) -> TokenStream {
    let mut kept = Vec::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let is_stripped = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '#')
            && tokens.peek().is_some_and(|next| is_attribute(next, attributes));
        if is_stripped {
            tokens.next();
        } else {
            kept.push(token);
        }
    }
    kept.into_iter().collect()
}

fn is_attribute(token: &TokenTree, attributes: &[&str]) -> bool {
    let TokenTree::Group(group) = token else { return false };
    group.delimiter() == Delimiter::Bracket
        && group
            .stream()
            .into_iter()
            .next()
            .is_some_and(|first| attributes.iter().any(|name| first.to_string() == *name))
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    #[test]
    fn parameters_lose_the_attributes_of_the_macro_only() {
        let item = quote! {
            #[arg] pub(crate) async fn f(#[doc = "x"] #[arg(default = 1)] #[expect(unused)] a: u8, #[ask("?")] b: [u8; 2]) {
                g!(#[arg] c)
            }
        };
        let tokens = Fallback::new(item).strip_parameters(&["arg", "ask", "doc"]).stub(quote!(
            enum f {}
        ));
        let expected = quote! {
            #[arg] pub(crate) async fn f(#[expect(unused)] a: u8, b: [u8; 2]) {
                g!(#[arg] c)
            }
            enum f {}
        };
        assert_eq!(tokens.to_string(), expected.to_string());
    }
}
