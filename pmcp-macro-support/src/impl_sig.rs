//! `impl` blocks, without a look at the bodies of their functions.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{
    Attribute, Generics, Token, Type, braced,
    parse::{ParseStream, Parser},
    token::Brace,
};

use crate::{SigFn, error, signature::is_function};

/// An `impl` whose functions keep their bodies as tokens, as [`SigFn`] does.
#[derive(Clone)]
pub struct ImplSig {
    /// Its attributes and doc comments.
    pub attrs: Vec<Attribute>,
    /// The keyword, with what stands before it.
    pub keyword: TokenStream,
    /// Its parameters, with its `where` clause.
    pub generics: Generics,
    /// The trait, if it is the `impl` of one.
    pub trait_: Option<Type>,
    /// The type.
    pub self_ty: Type,
    /// Braces around its items.
    pub brace: Brace,
    /// Its items, in their order.
    pub items: Vec<ImplSigItem>,
}

/// An item of an `impl`.
#[derive(Clone)]
pub enum ImplSigItem {
    /// A function.
    Fn(Box<SigFn>),
    /// Something else: its attributes, and all of its other tokens.
    Other(Vec<Attribute>, TokenStream),
}

impl std::fmt::Debug for ImplSig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ImplSig").field(&self.self_ty.to_token_stream().to_string()).finish()
    }
}

impl std::fmt::Debug for ImplSigItem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fn(function) => function.fmt(f),
            Self::Other(_, tokens) => f.debug_tuple("Other").field(&tokens.to_string()).finish(),
        }
    }
}

impl ImplSig {
    /// Reads the item that `#[attribute]` stands on.
    ///
    /// # Errors
    /// It is no `impl`, or its signatures do not parse.
    pub fn parse(item: TokenStream, attribute: &str) -> syn::Result<Self> {
        let parser = |input: ParseStream<'_>| {
            let attrs = input.call(Attribute::parse_outer)?;
            let before: Option<Token![unsafe]> = input.parse()?;
            if !input.peek(Token![impl]) {
                return Err(no_impl(input, attribute));
            }
            let keyword: Token![impl] = input.parse()?;
            let mut generics: Generics = if input.peek(Token![<]) { input.parse()? } else { Generics::default() };
            let negative: Option<Token![!]> = input.parse()?;
            let mut self_ty: Type = input.parse()?;
            let mut trait_ = None;
            if input.parse::<Option<Token![for]>>()?.is_some() {
                trait_ = Some(self_ty);
                self_ty = input.parse()?;
            }
            generics.where_clause = input.parse()?;
            let content;
            let brace = braced!(content in input);
            content.call(Attribute::parse_inner)?;
            let mut items = Vec::new();
            while !content.is_empty() {
                items.push(ImplSigItem::parse(&content)?);
            }
            let keyword = quote!(#before #keyword #negative);
            Ok(Self { attrs, keyword, generics, trait_, self_ty, brace, items })
        };
        parser.parse2(item)
    }

    /// The functions among its items.
    pub fn functions(&self) -> impl Iterator<Item = &SigFn> {
        self.items.iter().filter_map(|item| match item {
            ImplSigItem::Fn(function) => Some(&**function),
            ImplSigItem::Other(..) => None,
        })
    }

    /// The attributes that decide whether it exists.
    pub fn cfgs(&self) -> impl Iterator<Item = &Attribute> {
        self.attrs.iter().filter(|attr| attr.path().is_ident("cfg"))
    }

    /// The same with these tokens in the place of its items.
    #[must_use]
    pub fn with_items(&self, items: &TokenStream) -> TokenStream {
        let Self { attrs, keyword, generics, trait_, self_ty, .. } = self;
        let (parameters, _, clause) = generics.split_for_impl();
        let of = trait_.as_ref().map(|trait_| quote!(#trait_ for));
        let mut tokens = quote!(#(#attrs)* #keyword #parameters #of #self_ty #clause);
        self.brace.surround(&mut tokens, |inside| inside.extend(items.clone()));
        tokens
    }
}

impl ToTokens for ImplSig {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let items: TokenStream = self.items.iter().map(ToTokens::to_token_stream).collect();
        tokens.extend(self.with_items(&items));
    }
}

fn no_impl(input: ParseStream<'_>, attribute: &str) -> syn::Error {
    // A visibility is not what is wrong.
    let _ = input.parse::<syn::Visibility>();
    let token = input.parse::<TokenTree>().ok();
    let name = input.parse::<syn::Ident>().map_or_else(|_| "Type".into(), |name| name.to_string());
    drop(input.parse::<TokenStream>());
    error(
        token,
        format_args!("`#[{attribute}]` goes on an `impl` block"),
        format_args!("write it above `impl {name} {{ … }}`"),
    )
}

impl ImplSigItem {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let ahead = input.fork();
        let vis = ahead.parse()?;
        if is_function(&ahead) {
            let vis = input.parse().unwrap_or(vis);
            let sig = input.parse()?;
            let body = input.parse::<TokenTree>()?.into_token_stream();
            return Ok(Self::Fn(Box::new(SigFn { attrs, vis, sig, body })));
        }
        let (mut tokens, mut is_macro) = (TokenStream::new(), false);
        while !input.is_empty() {
            let token: TokenTree = input.parse()?;
            let ends = match &token {
                TokenTree::Punct(punct) => {
                    is_macro |= punct.as_char() == '!';
                    punct.as_char() == ';'
                }
                TokenTree::Group(group) => is_macro && group.delimiter() == Delimiter::Brace,
                _ => false,
            };
            tokens.extend([token]);
            if ends {
                break;
            }
        }
        Ok(Self::Other(attrs, tokens))
    }
}

impl ToTokens for ImplSigItem {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Fn(function) => function.to_tokens(tokens),
            Self::Other(attrs, rest) => tokens.extend(quote!(#(#attrs)* #rest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_written_again() {
        let source = r"
            #[cfg(unix)] impl<T: Copy> Trait<T> for a::Deploy<T> where T: Send {
                /// A number.
                const N: u8 = { 1 };
                type X = [u8; 3];
                made! { of: braces }
                made!(with a semicolon);
                #[step] pub(crate) async fn validate(&self) -> Result<u8, E> { self. }
                fn last(self: Box<Self>) where T: Copy { let x = y!{}; }
            }";
        let tokens: TokenStream = source.parse().unwrap();
        let read = ImplSig::parse(tokens.clone(), "workflow").unwrap();
        assert_eq!(read.to_token_stream().to_string(), tokens.to_string());
        let names: Vec<String> = read.functions().map(|function| function.sig.ident.to_string()).collect();
        assert_eq!((names, read.items.len()), (vec!["validate".to_owned(), "last".into()], 6));
        assert!(read.trait_.is_some() && read.cfgs().count() == 1);
    }

    #[test]
    fn other_items_are_refused_at_their_keyword() {
        for item in ["struct S;", "pub(crate) struct S;", "fn S() {}"] {
            let error = ImplSig::parse(item.parse().unwrap(), "workflow").unwrap_err();
            let expected = "`#[workflow]` goes on an `impl` block\nhelp: write it above `impl S { … }`";
            assert_eq!(error.to_string(), expected);
        }
    }
}
