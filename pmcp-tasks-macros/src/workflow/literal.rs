//! Mappings that are one struct literal, each of whose fields is known as soon as the results that it names are there.

use std::collections::HashSet;

use pmcp_macro_support::visible;
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Block, Expr, Ident, Member, Stmt};

use super::mapping::Returned;

/// A struct literal.
pub(super) struct Literal {
    /// The path of the struct.
    pub(super) path: TokenStream,
    /// Its fields, in the order in which they are written.
    pub(super) fields: Vec<Field>,
}

/// A field of it.
pub(super) struct Field {
    pub(super) name: Ident,
    pub(super) value: TokenStream,
    /// The words in its value, those of its texts too, as a format string has names.
    words: HashSet<String>,
}

impl Field {
    /// Tells whether it uses what has this name.
    pub(super) fn names(&self, name: &Ident) -> bool {
        self.words.contains(&name.to_string())
    }
}

impl Literal {
    /// The literal that is all of a body which returns this, if it is one.
    pub(super) fn build(body: &TokenStream, returned: &Returned) -> Option<Self> {
        if leaves(body) {
            return None;
        }
        let Block { stmts, .. } = syn::parse2(body.clone()).ok()?;
        let Ok([Stmt::Expr(value, None)]) = <[Stmt; 1]>::try_from(stmts) else { return None };
        let value = if returned.error.is_some() { inside("Ok", value)? } else { visible(value) };
        let value = if returned.is_option { inside("Some", value)? } else { value };
        let Expr::Struct(literal) = value else { return None };
        if literal.rest.is_some()
            || literal.dot2_token.is_some()
            || literal.qself.is_some()
            || !literal.attrs.is_empty()
        {
            return None;
        }
        let fields = literal.fields.into_iter().map(|field| {
            let Member::Named(name) = field.member else { return None };
            let value = field.expr.to_token_stream();
            let mut words = HashSet::new();
            collect(&value, &mut words);
            field.attrs.is_empty().then_some(Field { name, value, words })
        });
        Some(Self { path: literal.path.to_token_stream(), fields: fields.collect::<Option<_>>()? })
    }
}

/// The argument of a call of this variant.
fn inside(variant: &str, value: Expr) -> Option<Expr> {
    let Expr::Call(call) = visible(value) else { return None };
    let Expr::Path(path) = visible(*call.func) else { return None };
    let is_variant = path.path.segments.last().is_some_and(|segment| segment.ident == variant);
    let mut arguments = call.args.into_iter();
    match (arguments.next(), arguments.next()) {
        (Some(value), None) if is_variant => Some(visible(value)),
        _ => None,
    }
}

/// Tells whether tokens may leave the function in their midst.
fn leaves(tokens: &TokenStream) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Group(group) => leaves(&group.stream()),
        TokenTree::Punct(punct) => punct.as_char() == '?',
        TokenTree::Ident(ident) => ident == "return",
        TokenTree::Literal(_) => false,
    })
}

fn collect(tokens: &TokenStream, words: &mut HashSet<String>) {
    for token in tokens.clone() {
        match token {
            TokenTree::Group(group) => collect(&group.stream(), words),
            TokenTree::Ident(ident) => {
                words.insert(ident.to_string());
            }
            TokenTree::Literal(literal) => {
                let text = literal.to_string();
                if text.contains('{') {
                    let parts = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
                    words.extend(parts.map(str::to_owned));
                }
            }
            TokenTree::Punct(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use pmcp_macro_support::Diagnostics;

    use super::*;

    /// The fields of a body, each with those of `a`, `b` and `c` that it names.
    fn fields(returns: &str, body: &str) -> Option<Vec<(String, String)>> {
        let mut diag = Diagnostics::new();
        let output = syn::parse_str(&format!("-> {returns}")).unwrap();
        let returned = Returned::build(&output, &mut diag).unwrap();
        drop(diag.finish(TokenStream::new()));
        let literal = Literal::build(&format!("{{ {body} }}").parse().unwrap(), &returned)?;
        let names = ["a", "b", "c"].map(|name| Ident::new(name, proc_macro2::Span::call_site()));
        let fields = literal.fields.iter().map(|field| {
            let used = names.iter().filter(|name| field.names(name)).map(ToString::to_string);
            (field.name.to_string(), used.collect())
        });
        Some(fields.collect())
    }

    #[test]
    fn fields_know_what_they_name() {
        let body = "Args { x: a.x.clone(), y: format!(\"{b} and {0:?}\", f(|| [c])), z: \"a\", c }";
        let expected = [("x", "a"), ("y", "bc"), ("z", ""), ("c", "c")];
        let expected: Vec<_> = expected.map(|(name, named)| (name.to_owned(), named.to_owned())).into();
        assert_eq!(fields("Args", body), Some(expected.clone()));
        assert_eq!(fields("Result<Args, E>", &format!("Ok({body})")), Some(expected.clone()));
        assert_eq!(fields("io::Result<Option<Args>>", &format!("Ok(Option::Some({body}))")), Some(expected.clone()));
        assert_eq!(fields("Option<Args>", &format!("Some({body})")), Some(expected));
        assert_eq!(fields("Args", "m::Args {}"), Some(Vec::new()));
    }

    #[test]
    fn other_bodies_are_taken_as_a_whole() {
        for (returns, body) in [
            ("Args", "Args { x: 1, ..rest }"),
            ("Args", "let x = 1; Args { x }"),
            ("Args", "Args { x: a };"),
            ("Args", "Args(a)"),
            ("Args", "Args { 0: a }"),
            ("Args", "Args { #[cfg(unix)] x: a }"),
            ("Args", "make(Args { x: a })"),
            ("Args", "Args { x: "),
            ("Result<Args, E>", "Ok(Args { x: a? })"),
            ("Result<Args, E>", "Ok(Args { x: if b { return Err(c) } else { a } })"),
            ("Option<Args>", "None"),
            ("Option<Args>", "a.then(|| Args { x: 1 })"),
        ] {
            let body = if body.ends_with("x: ") { "Args { x: }" } else { body };
            assert_eq!(fields(returns, body), None, "{body}");
        }
    }
}
