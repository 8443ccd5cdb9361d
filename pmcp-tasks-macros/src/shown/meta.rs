//! `meta = …`: what applications say to each other beside the protocol (`_meta`).

use pmcp_macro_support::{Keys, error};
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Expr, LitStr, Macro};

/// An object of JSON.
#[derive(Clone)]
pub(crate) enum MetaObject {
    /// `json!({ … })`, which is a value, and one that is an object.
    Json(Expr),
    /// An expression whose type says so.
    Map(Expr),
}

/// The value of the key.
pub(crate) fn meta(keys: &mut Keys) -> Option<MetaObject> {
    let (ident, value) = keys.expr("meta")?;
    let help = "write `meta = json!({ \"com.example/key\": … })`";
    match value {
        Some(Expr::Macro(value)) if is_json(&value.mac) => {
            let Some(fields) = object(&value.mac) else {
                keys.report(error(value, "`_meta` is an object", help));
                return None;
            };
            names(fields).filter_map(|name| refused(&name)).for_each(|mistake| keys.report(mistake));
            Some(MetaObject::Json(Expr::Macro(value)))
        }
        None | Some(Expr::Lit(_) | Expr::Array(_)) => {
            let tokens = value.map_or_else(|| ident.to_token_stream(), ToTokens::into_token_stream);
            keys.report(error(tokens, "`meta` takes an object of JSON", help));
            None
        }
        Some(value) => Some(MetaObject::Map(value)),
    }
}

fn is_json(mac: &Macro) -> bool {
    mac.path.segments.last().is_some_and(|segment| segment.ident == "json")
}

/// The fields, if the macro is given braces and nothing else.
fn object(mac: &Macro) -> Option<TokenStream> {
    let mut tokens = mac.tokens.clone().into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(TokenTree::Group(group)), None) if group.delimiter() == Delimiter::Brace => Some(group.stream()),
        _ => None,
    }
}

/// The names of the fields that are written out: texts before a colon.
fn names(fields: TokenStream) -> impl Iterator<Item = LitStr> {
    let mut tokens = fields.into_iter().peekable();
    std::iter::from_fn(move || {
        loop {
            let token = tokens.next()?;
            let is_before_colon = matches!(tokens.peek(), Some(TokenTree::Punct(next)) if next.as_char() == ':');
            if let Ok(name) = syn::parse2::<LitStr>(token.into())
                && is_before_colon
            {
                return Some(name);
            }
        }
    })
}

/// The mistake in a name: it is none, or one of those that the protocol keeps for itself ("`_meta`").
fn refused(name: &LitStr) -> Option<syn::Error> {
    let written = name.value();
    let (prefix, own) = written.rsplit_once('/').map_or((None, &*written), |(prefix, own)| (Some(prefix), own));
    let labels: Vec<&str> = prefix.into_iter().flat_map(|prefix| prefix.split('.')).collect();
    let ends_well = |text: &str| text.ends_with(|c: char| c.is_ascii_alphanumeric());
    let has_only = |text: &str, more: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c));
    let is_label =
        |label: &&str| label.starts_with(|c: char| c.is_ascii_alphabetic()) && ends_well(label) && has_only(label, "-");
    let is_own = own.starts_with(|c: char| c.is_ascii_alphanumeric()) && ends_well(own) && has_only(own, "-_.");
    if !is_own || !labels.iter().all(is_label) {
        let help = "write a domain, a slash, and letters, digits, `-`, `_` or `.`: `com.example/key`";
        return Some(error(name, format_args!("`{written}` is not a name in `_meta`"), help));
    }
    if matches!(labels.get(1), Some(&"modelcontextprotocol" | &"mcp")) {
        let help = "begin it with a domain of yours: `com.example/key`";
        return Some(error(name, format_args!("`{written}` is a name of the protocol's own"), help));
    }
    None
}

impl MetaObject {
    /// Writes a `Map<String, Value>`.
    pub(crate) fn expand(&self, p: &TokenStream) -> TokenStream {
        match self {
            Self::Json(value) => quote!(#p::object_of(#value)),
            Self::Map(value) => value.to_token_stream(),
        }
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    fn read(args: TokenStream) -> Result<String, String> {
        let mut keys = Keys::parse(args, &["meta"]);
        let written = meta(&mut keys).map(|meta| meta.expand(&quote!(p)).to_string());
        keys.finish(written.unwrap_or_default()).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_certainly_no_object_is_told() {
        for args in [quote!(meta = "a"), quote!(meta), quote!(meta = ["a"]), quote!(meta = 3)] {
            assert_eq!(
                read(args).unwrap_err(),
                "`meta` takes an object of JSON\nhelp: write `meta = json!({ \"com.example/key\": … })`"
            );
        }
        for args in [quote!(meta = json!([1])), quote!(meta = serde_json::json!({} {})), quote!(meta = json!())] {
            assert_eq!(
                read(args).unwrap_err(),
                "`_meta` is an object\nhelp: write `meta = json!({ \"com.example/key\": … })`"
            );
        }
    }

    #[test]
    fn names_are_those_that_applications_may_use() {
        for name in ["com.example/key", "key", "ui", "a-b.c1/d_e.f", "com.example.mcp/a", "mcp/a"] {
            assert!(read(quote!(meta = json!({ #name: { "a b": ":" }, [1]: 2 }))).is_ok(), "{name}");
        }
        for name in ["", "a b", "com.example/", "/a", "com..example/a", "com.example/a/b", "1.a/b", "_a"] {
            let help = "help: write a domain, a slash, and letters, digits, `-`, `_` or `.`: `com.example/key`";
            let expected = format!("`{name}` is not a name in `_meta`\n{help}");
            assert_eq!(read(quote!(meta = json!({ "first": 1, #name: 2 }))).unwrap_err(), expected);
        }
        for name in ["io.modelcontextprotocol/a", "dev.mcp/a", "com.mcp.tools/a"] {
            let expected = format!(
                "`{name}` is a name of the protocol's own\nhelp: begin it with a domain of yours: `com.example/key`"
            );
            assert_eq!(read(quote!(meta = json!({ #name: 1 }))).unwrap_err(), expected);
        }
    }

    #[test]
    fn values_become_maps_and_maps_stay() {
        assert_eq!(
            read(quote!(meta = json!({ "a": 1 }))).unwrap(),
            quote!(p::object_of(json!({ "a": 1 }))).to_string()
        );
        assert_eq!(read(quote!(meta = crate::meta())).unwrap(), quote!(crate::meta()).to_string());
    }
}
