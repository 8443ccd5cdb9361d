//! Functions, without a look at their bodies.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{
    Attribute, FnArg, LitStr, Signature, Token, Visibility,
    parse::{ParseStream, Parser},
};

use crate::error;

/// A function whose body stays tokens: a body that is being typed does not parse, and is not the macro's business.
#[derive(Clone)]
pub struct SigFn {
    /// Its attributes and doc comments.
    pub attrs: Vec<Attribute>,
    /// Its visibility.
    pub vis: Visibility,
    /// Its signature.
    pub sig: Signature,
    /// Its body.
    pub body: TokenStream,
}

impl std::fmt::Debug for SigFn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("SigFn").field(&self.sig.ident.to_string()).finish()
    }
}

impl SigFn {
    /// Reads the item that `#[attribute]` stands on.
    ///
    /// # Errors
    /// It is not a function.
    pub fn parse(item: TokenStream, attribute: &str) -> syn::Result<Self> {
        let parser = |input: ParseStream<'_>| {
            let attrs = input.call(Attribute::parse_outer)?;
            let vis = input.parse()?;
            if !is_function(input) {
                let token: proc_macro2::TokenTree = input.parse()?;
                let rest: TokenStream = input.parse()?;
                drop(rest);
                return Err(error(
                    token,
                    format_args!("`#[{attribute}]` goes on an `async fn`"),
                    "move the attribute to the function it is meant for",
                ));
            }
            Ok(Self { attrs, vis, sig: input.parse()?, body: input.parse()? })
        };
        parser.parse2(item)
    }

    /// The attributes of the function that decide whether it exists.
    pub fn cfgs(&self) -> impl Iterator<Item = &Attribute> {
        self.attrs.iter().filter(|attr| attr.path().is_ident("cfg"))
    }

    /// The same without these attributes on its parameters.
    #[must_use]
    pub fn without_attributes(mut self, attributes: &[&str]) -> Self {
        strip_attributes(&mut self.sig, attributes);
        self
    }
}

impl ToTokens for SigFn {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { attrs, vis, sig, body } = self;
        tokens.extend(quote::quote!(#(#attrs)* #vis #sig #body));
    }
}

/// Removes these attributes from the parameters.
pub fn strip_attributes(sig: &mut Signature, attributes: &[&str]) {
    for input in &mut sig.inputs {
        let attrs = match input {
            FnArg::Receiver(receiver) => &mut receiver.attrs,
            FnArg::Typed(typed) => &mut typed.attrs,
        };
        attrs.retain(|attr| !attributes.iter().any(|name| attr.path().is_ident(name)));
    }
}

pub(crate) fn is_function(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    loop {
        let skipped = if ahead.peek(Token![fn]) {
            return true;
        } else if ahead.peek(Token![const]) {
            ahead.parse::<Token![const]>().is_ok()
        } else if ahead.peek(Token![async]) {
            ahead.parse::<Token![async]>().is_ok()
        } else if ahead.peek(Token![unsafe]) {
            ahead.parse::<Token![unsafe]>().is_ok()
        } else if ahead.peek(Token![extern]) {
            ahead.parse::<Token![extern]>().is_ok() && ahead.parse::<Option<LitStr>>().is_ok()
        } else {
            false
        };
        if !skipped {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    #[test]
    fn a_body_need_not_parse() {
        let func = SigFn::parse(quote!(pub async fn f(a: u8) -> u8 { a. }), "task_tool").unwrap();
        assert_eq!((func.sig.ident.to_string(), func.body.to_string()), ("f".into(), quote!({ a. }).to_string()));
        assert!(
            SigFn::parse(
                quote!(
                    unsafe extern "C" fn f() {}
                ),
                "task_tool"
            )
            .is_ok()
        );
    }

    #[test]
    fn other_items_are_refused_at_their_keyword() {
        for item in ["pub struct S;", "impl S {}", "const X: u8 = 1;", "mod m {}"] {
            let error = SigFn::parse(item.parse().unwrap(), "task_tool").unwrap_err();
            assert!(error.to_string().starts_with("`#[task_tool]` goes on an `async fn`\nhelp: "), "{error}");
        }
        let error = SigFn::parse("pub struct S;".parse().unwrap(), "task_tool").unwrap_err();
        assert_eq!(error.span().start().column, 4);
    }
}
