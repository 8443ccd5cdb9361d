//! Values of keys that several attributes have, or that take more than a word: one of some words, a length of time, a list of scopes.

use pmcp_macro_support::{Keys, did_you_mean, error, listed};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Expr, ExprArray, ExprLit, Lit};

/// A value and where it stands.
#[derive(Clone, Copy)]
pub(crate) struct Given<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

/// A length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Millis(pub(crate) u64);

/// The value of a key that takes one of these strings.
pub(crate) fn choice<T: Copy>(keys: &mut Keys, key: &str, choices: &[(&str, T)]) -> Option<Given<T>> {
    let text = keys.string(key)?;
    let given = text.value();
    if let Some((_, value)) = choices.iter().find(|(name, _)| *name == given) {
        return Some(Given { value: *value, span: text.span() });
    }
    let meant = did_you_mean(&given, choices.iter().map(|(name, _)| *name));
    let help = meant.map_or_else(
        || {
            let names: Vec<String> = choices.iter().map(|(name, _)| format!("\"{name}\"")).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            format!("use {}", listed(&names, "or"))
        },
        |meant| format!("did you mean `\"{meant}\"`?"),
    );
    keys.report(error(&text, format_args!("`{key}` cannot be `\"{given}\"`"), help));
    None
}

/// The value of a key that takes a length of time.
pub(crate) fn duration(keys: &mut Keys, key: &str) -> Option<Given<Millis>> {
    let given = any_duration(keys, key)?;
    if given.value == Millis(0) {
        keys.report(syn::Error::new(given.span, format_args!("`{key}` is zero\nhelp: use at least `\"1ms\"`")));
        return None;
    }
    Some(given)
}

/// The same of a key for which zero means something.
pub(crate) fn any_duration(keys: &mut Keys, key: &str) -> Option<Given<Millis>> {
    let text = keys.string(key)?;
    let help = "write a number and one of `ms`, `s`, `m`, `h`, `d`, such as `\"90s\"`";
    let value = millis(&text.value());
    if value.is_none() {
        keys.report(error(&text, format_args!("`{}` is not a length of time", text.value()), help));
    }
    Some(Given { value: Millis(value?), span: text.span() })
}

/// The list that is the value of a key. Anything else is told with what it takes, such as a "list of strings", and an example of one in it.
pub(crate) fn list(keys: &mut Keys, key: &str, (what, example): (&str, &str)) -> Option<ExprArray> {
    let (ident, value) = keys.expr(key)?;
    if let Some(Expr::Array(list)) = value {
        return Some(list);
    }
    let meant = match &value {
        Some(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) => text.value(),
        _ => example.to_owned(),
    };
    let meant: Vec<String> = meant.split_whitespace().map(|one| format!("\"{one}\"")).collect();
    let help = format!("write `{key} = [{}]`", if meant.is_empty() { "\"…\"".into() } else { meant.join(", ") });
    let wrong = value.map_or_else(|| ident.to_token_stream(), ToTokens::into_token_stream);
    keys.report(error(wrong, format_args!("`{key}` takes a {what}"), help));
    None
}

/// The value of a key that takes a list of scopes.
pub(crate) fn scopes(keys: &mut Keys, key: &str) -> Vec<String> {
    let Some(list) = list(keys, key, ("list of strings", "files:write")) else { return Vec::new() };
    if list.elems.is_empty() {
        keys.report(error(
            &list,
            format_args!("`{key}` has no scope"),
            "name one, or remove the key: then everybody may use it",
        ));
    }
    let mut scopes = Vec::new();
    for element in &list.elems {
        let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = element else {
            keys.report(error(element, "a scope is a string", "write it as `\"files:write\"`"));
            continue;
        };
        let scope = text.value();
        if let Some(help) = misspelt(&scope) {
            keys.report(error(text, format_args!("`{scope}` is not a scope"), help));
        } else if scopes.contains(&scope) {
            keys.report(error(text, format_args!("the scope `{scope}` is given twice"), "remove one of them"));
        } else {
            scopes.push(scope);
        }
    }
    scopes
}

/// The way to write it right, of what cannot be a scope (RFC 6749, 3.3).
fn misspelt(scope: &str) -> Option<String> {
    let words: Vec<String> = scope.split_whitespace().map(|word| format!("\"{word}\"")).collect();
    let is_token = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    if words.len() > 1 {
        return Some(format!("write each by itself: `{}`", words.join(", ")));
    }
    let is_scope = !scope.is_empty() && scope.bytes().all(is_token);
    (!is_scope).then(|| "a scope has ASCII characters, and neither spaces nor `\"` nor `\\`".to_owned())
}

fn millis(text: &str) -> Option<u64> {
    if text == "0" {
        return Some(0);
    }
    let unit_at = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(unit_at);
    let unit = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

/// Writes an optional value.
pub(crate) fn option(value: Option<TokenStream>) -> TokenStream {
    value.map_or_else(|| quote!(::core::option::Option::None), |value| quote!(::core::option::Option::Some(#value)))
}

/// Writes an optional text, of a type that texts convert into.
pub(crate) fn text(value: Option<&str>) -> TokenStream {
    option(value.map(|value| quote!(::core::convert::From::from(#value))))
}

/// Writes a list of texts.
pub(crate) fn texts(values: &[String]) -> TokenStream {
    if values.is_empty() {
        return quote!(::std::vec::Vec::new());
    }
    quote!(::core::convert::From::from([#(::std::string::String::from(#values)),*]))
}

/// Writes an optional length of time.
pub(crate) fn time(value: Option<Millis>) -> TokenStream {
    option(value.map(|Millis(millis)| quote!(::core::time::Duration::from_millis(#millis))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_have_a_unit() {
        let known = [("250ms", 250), ("0", 0), ("30s", 30_000), ("5m", 300_000), ("1h", 3_600_000), ("1d", 86_400_000)];
        for (text, expected) in known {
            assert_eq!(millis(text), Some(expected));
        }
        for text in ["", "1", "h", "1 h", "1.5h", "-1s", "1w", "99999999999999999999s", "9999999999999999d"] {
            assert_eq!(millis(text), None, "{text}");
        }
    }
}
