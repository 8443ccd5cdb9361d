//! The grammar of `#[form(…)]`.

use pmcp_macro_support::{Keys, all_arguments, error};
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Attribute, Expr, ExprLit, Ident, Lit, LitStr, MetaNameValue, Path, RangeLimits, Token, parse::Parser as _,
    punctuated::Punctuated,
};

use crate::default::DefaultValue;

/// The least and the greatest value.
pub(super) type Ends = (Option<Expr>, Option<Expr>);

/// The grammar of a field.
pub(super) struct FieldArgs {
    pub(super) title: Option<LitStr>,
    pub(super) description: Option<LitStr>,
    pub(super) rename: Option<LitStr>,
    pub(super) default: Option<DefaultValue>,
    pub(super) range: Option<(Ident, Ends)>,
    pub(super) length: Option<Ends>,
    pub(super) format: Option<LitStr>,
}

impl FieldArgs {
    pub(super) fn parse(attrs: &[Attribute]) -> syn::Result<Self> {
        let known = ["title", "description", "rename", "default", "range", "length", "format"];
        let mut keys = keys(attrs, "#[form(title = \"…\")]", &known)?;
        let parsed = Self {
            title: keys.string("title"),
            description: keys.string("description"),
            rename: keys.string("rename"),
            default: DefaultValue::parse(&mut keys),
            range: ends(&mut keys, "range"),
            length: ends(&mut keys, "length").map(|(_, ends)| ends),
            format: keys.string("format"),
        };
        keys.finish(parsed)
    }
}

/// The grammar of a variant.
pub(super) struct VariantArgs {
    pub(super) title: Option<LitStr>,
    pub(super) rename: Option<LitStr>,
}

impl VariantArgs {
    pub(super) fn parse(attrs: &[Attribute]) -> syn::Result<Self> {
        let mut keys = keys(attrs, "#[form(title = \"…\")]", &["title", "rename"])?;
        let parsed = Self { title: keys.string("title"), rename: keys.string("rename") };
        keys.finish(parsed)
    }
}

/// `#[form(crate = ::path)]` on the type.
pub(super) fn crate_path(attrs: &[Attribute]) -> syn::Result<Option<Path>> {
    let mut keys = keys(attrs, "#[form(crate = ::path)]", &["crate"])?;
    let path = keys.path("crate");
    keys.finish(path)
}

fn keys(attrs: &[Attribute], example: &str, known: &[&str]) -> syn::Result<Keys> {
    let (mut tokens, mut mistakes, mut begins) = (Vec::<TokenTree>::new(), Vec::new(), true);
    for token in all_arguments(attrs, "form", example)? {
        // Bounds are often written as schemars has them.
        if let (Some(TokenTree::Ident(key)), TokenTree::Group(group)) = (tokens.last(), &token)
            && begins
            && (key == "range" || key == "length")
        {
            let help = format!("write `{key} = {}`", range(&group.stream()));
            mistakes.push(error(key, format_args!("`{key}` takes its value after `=`"), help));
            tokens.pop();
            continue;
        }
        begins = match &token {
            TokenTree::Ident(_) => tokens.last().is_none_or(|before| before.to_string() == ","),
            _ => false,
        };
        tokens.push(token);
    }
    let mut keys = Keys::parse(tokens.into_iter().collect(), known);
    for mistake in mistakes {
        keys.report(mistake);
    }
    Ok(keys)
}

/// The range that `min = 1, max = 10` means, as it is written here.
pub(super) fn range(bounds: &TokenStream) -> String {
    let keys = Punctuated::<MetaNameValue, Token![,]>::parse_terminated.parse2(bounds.clone()).unwrap_or_default();
    let end = |name: &str| {
        let key = keys.iter().find(|key| key.path.is_ident(name));
        key.map(|key| key.value.to_token_stream().to_string().replace(' ', ""))
    };
    let equal = end("equal");
    match (equal.clone().or(end("min")), equal.or(end("max"))) {
        (Some(least), Some(most)) => format!("{least}..={most}"),
        (Some(least), None) => format!("{least}.."),
        (None, Some(most)) => format!("..={most}"),
        (None, None) => "1..=10".into(),
    }
}

/// The value of a key that takes `1..=10`, `1..` or `..=10`.
fn ends(keys: &mut Keys, key: &str) -> Option<(Ident, Ends)> {
    let (ident, value) = keys.expr(key)?;
    let tokens = value.as_ref().map_or_else(|| ident.to_token_stream(), ToTokens::to_token_stream);
    let mistake = match value {
        Some(Expr::Range(range)) => match (range.start, range.end, range.limits) {
            (None, None, _) => error(tokens, format_args!("`{key}` has no end"), example(key)),
            (_, Some(_), RangeLimits::HalfOpen(dots)) => error(
                dots,
                format_args!("`{key}` takes the greatest value that fits"),
                format_args!("write `..=` and that value"),
            ),
            (start, end, _) => {
                let (start, end) = (start.map(|end| *end), end.map(|end| *end));
                match (start.as_ref().and_then(number), end.as_ref().and_then(number)) {
                    (Some(least), Some(most)) if least > most => {
                        error(tokens, format_args!("no value fits this {key}"), "write the least value first")
                    }
                    _ => return Some((ident, (start, end))),
                }
            }
        },
        Some(Expr::Lit(ExprLit { lit: Lit::Int(value), .. })) => {
            error(&value, format_args!("`{key}` takes a range"), format_args!("write `{key} = ..={value}`"))
        }
        _ => error(tokens, format_args!("`{key}` takes a range"), example(key)),
    };
    keys.report(mistake);
    None
}

fn example(key: &str) -> String {
    format!("write `{key} = 1..=10`, or one end of it")
}

/// The value of a number that is written out.
pub(super) fn number(value: &Expr) -> Option<f64> {
    match value {
        Expr::Lit(ExprLit { lit: Lit::Int(value), .. }) => value.base10_parse().ok(),
        Expr::Lit(ExprLit { lit: Lit::Float(value), .. }) => value.base10_parse().ok(),
        Expr::Unary(negative) if matches!(negative.op, syn::UnOp::Neg(_)) => number(&negative.expr).map(|value| -value),
        _ => None,
    }
}
