//! The grammar of attribute arguments: `key`, `key = value`, separated by commas.

use std::fmt::{self, Display};

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{
    Expr, Ident, Lit, LitBool, LitStr, Path, Token,
    ext::IdentExt,
    parse::{ParseStream, Parser},
    punctuated::Punctuated,
};

use crate::{did_you_mean, error, listed};

/// The arguments of an attribute. Each is taken out once, by its key; [`finish`](Self::finish) reports every mistake.
#[derive(Default)]
pub struct Keys {
    entries: Vec<Entry>,
    errors: Option<syn::Error>,
}

struct Entry {
    key: Ident,
    value: Option<Expr>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.entries.iter().map(|entry| entry.key.to_string())).finish()
    }
}

impl Entry {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        // `crate` is a keyword.
        let key = input.call(Ident::parse_any)?;
        let value = if input.parse::<Option<Token![=]>>()?.is_some() { Some(input.parse()?) } else { None };
        Ok(Self { key, value })
    }
}

impl Keys {
    /// Reads the arguments, of which these are known.
    #[must_use]
    pub fn parse(tokens: TokenStream, known: &[&str]) -> Self {
        let mut keys = Self::default();
        let parser =
            |input: ParseStream<'_>| Punctuated::<Entry, Token![,]>::parse_terminated_with(input, Entry::parse);
        match parser.parse2(tokens) {
            Ok(entries) => entries.into_iter().for_each(|entry| keys.add(entry, known)),
            Err(error) => keys.report(error),
        }
        keys
    }

    fn add(&mut self, entry: Entry, known: &[&str]) {
        let name = entry.key.to_string();
        if !known.contains(&name.as_str()) {
            let help = match did_you_mean(&name, known.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("the known keys are {}", listed(known, "and")),
            };
            self.report(error(&entry.key, format_args!("unknown key `{name}`"), help));
        } else if self.entries.iter().any(|other| other.key == entry.key) {
            self.report(error(&entry.key, format_args!("`{name}` is given twice"), "remove one of them"));
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
        Some((entry.key, entry.value))
    }

    /// The value of a key that takes a string.
    pub fn string(&mut self, key: &str) -> Option<LitStr> {
        let (ident, value) = self.expr(key)?;
        match value {
            Some(Expr::Lit(value)) if matches!(value.lit, Lit::Str(_)) => match value.lit {
                Lit::Str(text) => Some(text),
                _ => None,
            },
            value => self.wrong(&ident, value, "a string", format_args!("write `{key} = \"…\"`")),
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
            value => self.wrong(&ident, value, "a name", format_args!("write `{key} = Name`")),
        }
    }

    /// The value of a key that takes a path.
    pub fn path(&mut self, key: &str) -> Option<Path> {
        let (ident, value) = self.expr(key)?;
        match value {
            Some(Expr::Path(value)) if value.qself.is_none() => Some(value.path),
            value => self.wrong(&ident, value, "a path", format_args!("write `{key} = ::path`")),
        }
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

#[cfg(test)]
mod tests {
    use quote::quote;

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
    fn every_mistake_is_reported() {
        let mut keys = Keys::parse(quote!(nam = "n", title = 1, title = "t", flag = 2), &["name", "title", "flag"]);
        assert!(keys.string("title").is_none() && keys.flag("flag").is_none());
        assert_eq!(
            errors(keys),
            [
                "unknown key `nam`\nhelp: did you mean `name`?",
                "`title` is given twice\nhelp: remove one of them",
                "`title` takes a string\nhelp: write `title = \"…\"`",
                "`flag` takes `true` or `false`\nhelp: write `flag` or `flag = false`",
            ]
        );
    }

    #[test]
    fn a_name_near_no_key_gets_the_list() {
        let keys = Keys::parse(quote!(colour = "red"), &["name", "title"]);
        assert_eq!(errors(keys), ["unknown key `colour`\nhelp: the known keys are `name` and `title`"]);
    }
}
