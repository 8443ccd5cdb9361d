//! Attributes of serde on a set of variables. A variable is stored and shown by its own name and type, so what serde would
//! do to the struct is done here or refused, and never passed over: a field that serde skips would go to the client.

use pmcp_macro_support::{Diagnostics, listed};
use quote::ToTokens;
use syn::{Attribute, Expr, Field, Lit, LitStr, Meta, MetaNameValue, Token, punctuated::Punctuated};

/// Style of names, as `rename_all` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    Same,
    Upper,
    Pascal,
    Camel,
    Kebab,
    UpperKebab,
}

const RULES: [(&str, Rule); 8] = [
    ("lowercase", Rule::Same),
    ("UPPERCASE", Rule::Upper),
    ("PascalCase", Rule::Pascal),
    ("camelCase", Rule::Camel),
    ("snake_case", Rule::Same),
    ("SCREAMING_SNAKE_CASE", Rule::Upper),
    ("kebab-case", Rule::Kebab),
    ("SCREAMING-KEBAB-CASE", Rule::UpperKebab),
];

impl Rule {
    /// The name of a field, which is in snake case.
    pub(super) fn apply(self, field: &str) -> String {
        let pascal = || {
            field.split('_').map(|word| {
                let mut rest = word.chars();
                rest.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(rest).collect::<String>()
            })
        };
        match self {
            Self::Same => field.into(),
            Self::Upper => field.to_ascii_uppercase(),
            Self::Pascal => pascal().collect(),
            Self::Camel => {
                let name: String = pascal().collect();
                name.split_at_checked(1).map_or(name.clone(), |(first, rest)| first.to_ascii_lowercase() + rest)
            }
            Self::Kebab => field.replace('_', "-"),
            Self::UpperKebab => field.to_ascii_uppercase().replace('_', "-"),
        }
    }
}

/// The keys of `#[serde(…)]`.
fn keys(attrs: &[Attribute], diag: &mut Diagnostics) -> Vec<Meta> {
    let mut all = Vec::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("serde")) {
        match attr.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated) {
            Ok(keys) => all.extend(keys),
            Err(_) => diag.error(attr, "`#[serde]` has keys that cannot be read", "write them as serde has them"),
        }
    }
    all
}

fn string(meta: &MetaNameValue) -> Option<&LitStr> {
    match &meta.value {
        Expr::Lit(value) => match &value.lit {
            Lit::Str(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// The style of all names; reports what is said of the struct and does not hold for its variables.
pub(super) fn rename_all(attrs: &[Attribute], diag: &mut Diagnostics) -> Option<Rule> {
    let mut rule = None;
    for key in keys(attrs, diag) {
        let name = key.path().to_token_stream().to_string();
        match (name.as_str(), &key) {
            ("rename_all", Meta::NameValue(meta)) => {
                let text = string(meta).map(LitStr::value).unwrap_or_default();
                rule = RULES.iter().find(|(name, _)| *name == text).map(|(_, rule)| *rule);
                if rule.is_none() {
                    let help = format!("use one of {}", listed(&RULES.map(|(name, _)| name), "and"));
                    diag.error(&meta.value, "no style of names is called so", help);
                }
            }
            ("rename_all", _) => {
                diag.error(&key, "a variable has one name", "write `rename_all = \"…\"`");
            }
            ("transparent" | "from" | "try_from" | "into" | "remote", _) => diag.error(
                key.path(),
                format_args!("`{name}` has no effect: each field is a variable of its own"),
                "remove it, or make the whole one variable of a struct that has it as a field",
            ),
            // They say nothing of a field's name or value that is not so with variables.
            _ => {}
        }
    }
    rule
}

/// The name given to a field; reports what is said of it and does not hold for its variable.
pub(super) fn check(field: &Field, is_hidden: bool, is_renamed: bool, diag: &mut Diagnostics) -> Option<LitStr> {
    let mut renamed = None;
    for key in keys(&field.attrs, diag) {
        let name = key.path().to_token_stream().to_string();
        let help = match (name.as_str(), &key) {
            ("rename", Meta::NameValue(meta)) if string(meta).is_some() => {
                renamed = string(meta).cloned();
                continue;
            }
            ("rename" | "alias", _) if is_renamed => continue,
            ("rename" | "alias", _) => "a variable has one name: write `#[variable(rename = \"…\")]`",
            ("skip" | "skip_serializing" | "skip_serializing_if" | "skip_deserializing", _) if is_hidden => continue,
            ("skip" | "skip_serializing" | "skip_serializing_if" | "skip_deserializing", _) => {
                "write `#[variable(hidden)]` instead to keep it from the client, or take the field out of the struct"
            }
            ("default", _) => "remove it: a variable that is missing has the value of the struct's `Default`",
            ("with" | "serialize_with" | "deserialize_with", _) => {
                "give the field a type of its own that serialises like this"
            }
            ("flatten", _) => "write its fields here, or remove it to make the whole one variable",
            _ => "remove it",
        };
        diag.error(key.path(), format_args!("`{name}` of serde has no effect on a variable"), help);
    }
    renamed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_styled_as_serde_does() {
        let cases = [
            ("lowercase", "dry_run2"),
            ("UPPERCASE", "DRY_RUN2"),
            ("PascalCase", "DryRun2"),
            ("camelCase", "dryRun2"),
            ("snake_case", "dry_run2"),
            ("SCREAMING_SNAKE_CASE", "DRY_RUN2"),
            ("kebab-case", "dry-run2"),
            ("SCREAMING-KEBAB-CASE", "DRY-RUN2"),
        ];
        for ((rule, styled), (name, apply)) in cases.into_iter().zip(RULES) {
            assert_eq!((rule, apply.apply("dry_run2").as_str()), (name, styled));
        }
        assert_eq!(Rule::Camel.apply("_x__y"), "xY");
        assert_eq!(Rule::Camel.apply("__"), "");
    }
}
