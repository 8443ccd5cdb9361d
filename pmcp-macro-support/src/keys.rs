//! The grammar of attribute arguments: `key`, `key = value`, separated by commas.

use std::fmt::{self, Display};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Attribute, Expr, Ident, Lit, LitBool, LitStr, Meta, Path, Token, Type,
    ext::IdentExt,
    parse::{ParseStream, Parser},
    token,
};

use crate::{did_you_mean, error, listed};

/// The tokens in the parentheses of an attribute that has some, such as this example.
///
/// # Errors
/// It has none.
pub fn arguments(attr: &Attribute, example: &str) -> syn::Result<TokenStream> {
    match &attr.meta {
        Meta::List(list) => Ok(list.tokens.clone()),
        Meta::Path(path) => {
            let name = path.to_token_stream();
            Err(error(attr, format_args!("`#[{name}]` says nothing"), format_args!("write `{example}`, or remove it")))
        }
        Meta::NameValue(meta) => {
            let name = meta.path.to_token_stream();
            Err(error(
                attr,
                format_args!("`#[{name}]` has its keys in parentheses"),
                format_args!("write `{example}`, or remove it"),
            ))
        }
    }
}

/// The arguments of all attributes of this name: several are as good as one with all keys.
///
/// # Errors
/// One has none.
pub fn all_arguments(attrs: &[Attribute], name: &str, example: &str) -> syn::Result<TokenStream> {
    let mut all = TokenStream::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident(name)) {
        let tokens = arguments(attr, example)?;
        let is_open = all.clone().into_iter().last().is_some_and(|last| last.to_string() != ",");
        if is_open && !tokens.is_empty() {
            all.extend(quote::quote!(,));
        }
        all.extend(tokens);
    }
    Ok(all)
}

/// The arguments of an attribute. Each is taken out once, by its key; [`finish`](Self::finish) reports every mistake.
#[derive(Default)]
pub struct Keys {
    entries: Vec<Entry>,
    errors: Option<syn::Error>,
}

struct Entry {
    key: Ident,
    value: Option<Expr>,
    /// The value of a key that takes a type.
    ty: Option<Type>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.entries.iter().map(|entry| entry.key.to_string())).finish()
    }
}

impl Entry {
    fn parse(input: ParseStream<'_>, known: &[&str], types: &[&str]) -> syn::Result<Self> {
        if !input.peek(Ident::peek_any) {
            return Err(without_key(input, known));
        }
        // `crate` is a keyword.
        let key = input.call(Ident::parse_any)?;
        if !known.contains(&key.to_string().as_str()) {
            return Err(unknown(&key, known));
        }
        if input.peek(Token![=]) && !input.peek(Token![==]) {
            let equals: Token![=] = input.parse()?;
            if input.is_empty() || input.peek(Token![,]) {
                let help = format!("write the value after `{key} =`, or remove the key");
                return Err(error(equals, format_args!("`{key}` has no value"), help));
            }
            // On a fork: what is left in the braces would be a second mistake.
            if input.peek(token::Brace) && input.fork().parse::<Expr>().is_err() {
                let braced: TokenTree = input.parse()?;
                let help = format!("write `{key} = json!({{ … }})`, if it is an object of JSON");
                return Err(error(braced, format_args!("`{key}` takes a value, and braces are code here"), help));
            }
            let told = |error: syn::Error| {
                syn::Error::new(error.span(), format_args!("{error}\nhelp: write `{key} = ` and one value"))
            };
            if types.contains(&key.to_string().as_str()) && !input.peek(Lit) {
                let ty = input.parse().map_err(told)?;
                return Ok(Self { key, value: None, ty: Some(ty) });
            }
            let value = input.parse().map_err(told)?;
            return Ok(Self { key, value: Some(value), ty: None });
        }
        if input.is_empty() || input.peek(Token![,]) || input.peek(Ident::peek_any) {
            return Ok(Self { key, value: None, ty: None });
        }
        Err(without_equals(input, &key))
    }
}

/// Something stands where a key is expected.
fn without_key(input: ParseStream<'_>, known: &[&str]) -> syn::Error {
    let Ok(token) = input.parse::<TokenTree>() else { return input.error("a key is missing") };
    let named = known.iter().find(|key| matches!(**key, "name" | "rename" | "uri"));
    match (literal(&token), named) {
        (Some(text), Some(key)) if text.starts_with('"') => {
            error(token, format_args!("`{text}` has no key"), format_args!("write `{key} = {text}`"))
        }
        _ => error(
            &token,
            format_args!("a key is missing before `{token}`"),
            format_args!("the known keys are {}", listed(known, "and")),
        ),
    }
}

/// Text of a literal, with or without the invisible delimiters that `macro_rules!` leaves.
fn literal(token: &TokenTree) -> Option<String> {
    match token {
        TokenTree::Literal(literal) => Some(literal.to_string()),
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
            group.stream().into_iter().next().as_ref().and_then(literal)
        }
        _ => None,
    }
}

/// The value of a known key follows without `=`: `name: "…"`, `name("…")`, `name "…"`.
fn without_equals(input: ParseStream<'_>, key: &Ident) -> syn::Error {
    let Ok(token) = input.parse::<TokenTree>() else { return input.error("a value is missing") };
    let value = match &token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => group.stream(),
        TokenTree::Punct(punct) if punct.as_char() != ':' => TokenStream::new(),
        TokenTree::Punct(_) => rest(&input.fork()),
        token => token.to_token_stream(),
    };
    let value = if value.is_empty() { "…".to_owned() } else { value.to_string() };
    // Of a group the opening delimiter alone is wrong.
    let span = match &token {
        TokenTree::Group(group) if group.delimiter() != Delimiter::None => group.span_open(),
        token => token.span(),
    };
    syn::Error::new(span, format_args!("`{key}` takes its value after `=`\nhelp: write `{key} = {value}`"))
}

/// The tokens up to the next comma.
fn rest(input: ParseStream<'_>) -> TokenStream {
    let mut tokens = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) {
        match input.parse::<TokenTree>() {
            Ok(token) => tokens.extend([token]),
            Err(_) => break,
        }
    }
    tokens
}

fn unknown(key: &Ident, known: &[&str]) -> syn::Error {
    let name = key.to_string();
    let help = match did_you_mean(&name, known.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("the known keys are {}", listed(known, "and")),
    };
    error(key, format_args!("unknown key `{name}`"), help)
}

impl Keys {
    /// Reads the arguments, of which these are known. What follows a mistake is read on behind the next comma.
    #[must_use]
    pub fn parse(tokens: TokenStream, known: &[&str]) -> Self {
        Self::parse_with_types(tokens, known, &[])
    }

    /// The same where some of the known keys take types.
    #[must_use]
    pub fn parse_with_types(tokens: TokenStream, known: &[&str], types: &[&str]) -> Self {
        let mut keys = Self::default();
        let parser = |input: ParseStream<'_>| {
            while !input.is_empty() {
                match Entry::parse(input, known, types) {
                    Ok(entry) => {
                        let key = entry.key.to_string();
                        keys.add(entry);
                        if !input.is_empty() && !input.peek(Token![,]) {
                            let token: TokenTree = input.fork().parse()?;
                            let help = format!("write a `,` between `{key}` and `{token}`");
                            keys.report(error(&token, format_args!("a `,` is missing before `{token}`"), help));
                            // A word is the next key.
                            if input.peek(Ident::peek_any) {
                                continue;
                            }
                        }
                    }
                    Err(error) => keys.report(error),
                }
                rest(input);
                input.parse::<Option<Token![,]>>()?;
            }
            Ok(())
        };
        if let Err(error) = parser.parse2(tokens) {
            keys.report(error);
        }
        keys
    }

    fn add(&mut self, entry: Entry) {
        if self.entries.iter().any(|other| other.key == entry.key) {
            self.report(error(&entry.key, format_args!("`{}` is given twice", entry.key), "remove one of them"));
        } else {
            self.entries.push(entry);
        }
    }

    /// Reports a mistake in a value.
    pub fn report(&mut self, error: syn::Error) {
        match &mut self.errors {
            Some(errors) => errors.combine(error),
            None => self.errors = Some(error),
        }
    }

    /// The key itself, to point at.
    #[must_use]
    pub fn key(&self, key: &str) -> Option<&Ident> {
        self.entries.iter().map(|entry| &entry.key).find(|given| *given == key)
    }

    /// The key with its value, whatever that is: `None` for a bare key.
    pub fn expr(&mut self, key: &str) -> Option<(Ident, Option<Expr>)> {
        let at = self.entries.iter().position(|entry| entry.key == key)?;
        let entry = self.entries.swap_remove(at);
        Some((entry.key, entry.value.map(visible)))
    }

    /// The value of a key that takes a string.
    pub fn string(&mut self, key: &str) -> Option<LitStr> {
        let (ident, value) = self.expr(key)?;
        match value {
            Some(Expr::Lit(value)) if matches!(value.lit, Lit::Str(_)) => match value.lit {
                Lit::Str(text) => Some(text),
                _ => None,
            },
            value => {
                let text = value.as_ref().and_then(as_text).unwrap_or_else(|| "…".into());
                self.wrong(&ident, value, "a string", format_args!("write `{key} = \"{text}\"`"))
            }
        }
    }

    /// The value of a key that is a flag: `key` or `key = true`.
    pub fn flag(&mut self, key: &str) -> Option<bool> {
        let (ident, value) = self.expr(key)?;
        match value {
            None => Some(true),
            Some(Expr::Lit(value)) if matches!(value.lit, Lit::Bool(_)) => match value.lit {
                Lit::Bool(LitBool { value, .. }) => Some(value),
                _ => None,
            },
            value => self.wrong(&ident, value, "`true` or `false`", format_args!("write `{key}` or `{key} = false`")),
        }
    }

    /// The value of a key that takes a new name.
    pub fn ident(&mut self, key: &str) -> Option<Ident> {
        let (ident, value) = self.expr(key)?;
        match value {
            Some(Expr::Path(value)) if value.path.get_ident().is_some() => value.path.get_ident().cloned(),
            value => {
                let name = value.as_ref().and_then(as_path).unwrap_or_else(|| "Name".into());
                self.wrong(&ident, value, "a name", format_args!("write `{key} = {name}`"))
            }
        }
    }

    /// The value of a key that takes a path.
    pub fn path(&mut self, key: &str) -> Option<Path> {
        let (ident, value) = self.expr(key)?;
        match value {
            Some(Expr::Path(value)) if value.qself.is_none() => Some(value.path),
            value => {
                let path = value.as_ref().and_then(as_path).unwrap_or_else(|| "::path".into());
                self.wrong(&ident, value, "a path", format_args!("write `{key} = {path}`"))
            }
        }
    }

    /// The value of a key that takes a type, which the arguments were read with.
    pub fn ty(&mut self, key: &str) -> Option<Type> {
        let at = self.entries.iter().position(|entry| entry.key == key)?;
        let Entry { key: ident, value, ty } = self.entries.swap_remove(at);
        if ty.is_none() {
            let name = value.as_ref().and_then(as_path).unwrap_or_else(|| "Type".into());
            return self.wrong(&ident, value, "a type", format_args!("write `{key} = {name}`"));
        }
        ty
    }

    fn wrong<T>(&mut self, key: &Ident, value: Option<Expr>, wanted: &str, help: impl Display) -> Option<T> {
        let tokens = value.map_or_else(|| key.to_token_stream(), ToTokens::into_token_stream);
        self.report(error(tokens, format_args!("`{key}` takes {wanted}"), help));
        None
    }

    /// Returns what was made of the arguments, unless there were mistakes.
    ///
    /// # Errors
    /// All of the mistakes, combined.
    pub fn finish<T>(self, value: T) -> syn::Result<T> {
        match self.errors {
            Some(errors) => Err(errors),
            None => Ok(value),
        }
    }
}

/// The expression inside the invisible delimiters that `macro_rules!` leaves around its fragments.
#[must_use]
pub fn visible(expr: Expr) -> Expr {
    match expr {
        Expr::Group(group) => visible(*group.expr),
        expr => expr,
    }
}

/// Text that was meant by a value without quotes: `optional`, `1h`.
fn as_text(value: &Expr) -> Option<String> {
    match value {
        Expr::Path(value) => value.path.get_ident().map(ToString::to_string),
        Expr::Lit(value) => match &value.lit {
            Lit::Int(_) | Lit::Float(_) => Some(value.to_token_stream().to_string()),
            _ => None,
        },
        _ => None,
    }
}

/// Path that was meant by a value with quotes: `"::path"`.
fn as_path(value: &Expr) -> Option<String> {
    let Expr::Lit(value) = value else { return None };
    let Lit::Str(text) = &value.lit else { return None };
    syn::parse_str::<Path>(&text.value()).ok().map(|_| text.value())
}

#[cfg(test)]
mod tests {
    use quote::quote;
    use syn::parse_quote;

    use super::*;

    fn errors(keys: Keys) -> Vec<String> {
        keys.finish(()).unwrap_err().into_iter().map(|error| error.to_string()).collect()
    }

    #[test]
    fn values_are_taken_by_key() {
        let mut keys = Keys::parse(
            quote!(name = "n", on, off = false, args = Name, crate = ::a::b),
            &["name", "on", "off", "args", "crate", "absent"],
        );
        assert!(keys.key("name").is_some() && keys.key("absent").is_none());
        assert_eq!(keys.string("name").unwrap().value(), "n");
        assert_eq!((keys.flag("on"), keys.flag("off"), keys.flag("absent")), (Some(true), Some(false), None));
        assert_eq!(keys.ident("args").unwrap(), "Name");
        assert_eq!(keys.path("crate").unwrap().to_token_stream().to_string(), quote!(::a::b).to_string());
        keys.finish(()).unwrap();
    }

    #[test]
    fn a_type_is_no_expression() {
        let tokens = quote!(output = Vec<(u8, Next)>, client, other = "Next");
        let mut keys = Keys::parse_with_types(tokens, &["output", "client", "other"], &["output", "other"]);
        let output = keys.ty("output").unwrap();
        assert_eq!(output.to_token_stream().to_string(), quote!(Vec<(u8, Next)>).to_string());
        assert!(keys.flag("client") == Some(true) && keys.ty("other").is_none());
        assert_eq!(errors(keys), ["`other` takes a type\nhelp: write `other = Next`"]);
    }

    #[test]
    fn several_attributes_are_as_one() {
        let attrs: Vec<Attribute> =
            vec![parse_quote!(#[own(a = 1,)]), parse_quote!(#[own()]), parse_quote!(#[other]), parse_quote!(#[own(b)])];
        let mut keys = Keys::parse(all_arguments(&attrs, "own", "#[own(b)]").unwrap(), &["a", "b"]);
        assert!(keys.expr("a").is_some() && keys.flag("b") == Some(true));
        keys.finish(()).unwrap();
        assert!(all_arguments(&attrs, "other", "#[other(b)]").is_err());
    }

    #[test]
    fn every_mistake_is_reported() {
        let mut keys = Keys::parse(quote!(nam = "n", title = 1, title = "t", flag = 2), &["name", "title", "flag"]);
        assert!(keys.string("title").is_none() && keys.flag("flag").is_none());
        assert_eq!(
            errors(keys),
            [
                "unknown key `nam`\nhelp: did you mean `name`?",
                "`title` is given twice\nhelp: remove one of them",
                "`title` takes a string\nhelp: write `title = \"1\"`",
                "`flag` takes `true` or `false`\nhelp: write `flag` or `flag = false`",
            ]
        );
    }

    #[test]
    fn a_name_near_no_key_gets_the_list() {
        let keys = Keys::parse(quote!(colour = "red"), &["name", "title"]);
        assert_eq!(errors(keys), ["unknown key `colour`\nhelp: the known keys are `name` and `title`"]);
    }

    #[test]
    fn what_is_no_key_and_value_is_told_with_the_edit() {
        let known = ["name", "title", "read_only", "destructive"];
        let cases = [
            (quote!("add"), "`\"add\"` has no key\nhelp: write `name = \"add\"`"),
            (
                quote!(= 3),
                "a key is missing before `=`\nhelp: the known keys are `name`, `title`, `read_only` and `destructive`",
            ),
            (quote!(name: "add"), "`name` takes its value after `=`\nhelp: write `name = \"add\"`"),
            (quote!(name("add")), "`name` takes its value after `=`\nhelp: write `name = \"add\"`"),
            (quote!(name "add"), "`name` takes its value after `=`\nhelp: write `name = \"add\"`"),
            (
                quote!(name =, title = "t"),
                "`name` has no value\nhelp: write the value after `name =`, or remove the key",
            ),
            (
                quote!(read_only destructive),
                "a `,` is missing before `destructive`\nhelp: write a `,` between `read_only` and `destructive`",
            ),
            (
                quote!(name = { "a": 1 }, title = "t"),
                "`name` takes a value, and braces are code here\nhelp: write `name = json!({ … })`, if it is an object of JSON",
            ),
            (quote!(name = "a" "b"), "a `,` is missing before `\"b\"`\nhelp: write a `,` between `name` and `\"b\"`"),
        ];
        for (tokens, message) in cases {
            assert_eq!(errors(Keys::parse(tokens, &known)), [message]);
        }
        let mut keys = Keys::parse(quote!(read_only destructive), &known);
        assert_eq!((keys.flag("read_only"), keys.flag("destructive")), (Some(true), Some(true)));
    }

    #[test]
    fn a_value_of_another_kind_is_told_as_it_was_meant() {
        let mut keys = Keys::parse(
            quote!(support = optional, ttl = 1h, args = "Name", crate = "::a::b"),
            &["support", "ttl", "args", "crate"],
        );
        assert!(keys.string("support").is_none() && keys.string("ttl").is_none());
        assert!(keys.ident("args").is_none() && keys.path("crate").is_none());
        assert_eq!(
            errors(keys),
            [
                "`support` takes a string\nhelp: write `support = \"optional\"`",
                "`ttl` takes a string\nhelp: write `ttl = \"1h\"`",
                "`args` takes a name\nhelp: write `args = Name`",
                "`crate` takes a path\nhelp: write `crate = ::a::b`",
            ]
        );
    }

    #[test]
    fn a_fragment_of_a_macro_is_what_it_holds() {
        let hidden = |tokens| TokenTree::from(proc_macro2::Group::new(Delimiter::None, tokens));
        let (text, flag, name) = (hidden(quote!("n")), hidden(quote!(true)), hidden(quote!(Name)));
        let mut keys = Keys::parse(quote!(name = #text, on = #flag, args = #name), &["name", "on", "args"]);
        assert_eq!(keys.string("name").unwrap().value(), "n");
        assert_eq!(keys.flag("on"), Some(true));
        assert_eq!(keys.ident("args").unwrap(), "Name");
        keys.finish(()).unwrap();
    }
}
