//! Attributes of serde on what a derive reads and writes by itself: names are honoured, and what cannot be is told.

use pmcp_macro_support::{Diagnostics, listed};
use syn::{Attribute, Expr, Lit, LitStr, Meta, MetaNameValue, Token, punctuated::Punctuated};

/// Style of names, as `rename_all` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    Lower,
    Upper,
    Pascal,
    Camel,
    Snake,
    UpperSnake,
    Kebab,
    UpperKebab,
}

const RULES: [(&str, Rule); 8] = [
    ("lowercase", Rule::Lower),
    ("UPPERCASE", Rule::Upper),
    ("PascalCase", Rule::Pascal),
    ("camelCase", Rule::Camel),
    ("snake_case", Rule::Snake),
    ("SCREAMING_SNAKE_CASE", Rule::UpperSnake),
    ("kebab-case", Rule::Kebab),
    ("SCREAMING-KEBAB-CASE", Rule::UpperKebab),
];

impl Rule {
    /// The style that is asked for.
    pub(crate) fn parse(meta: &MetaNameValue, diag: &mut Diagnostics) -> Option<Self> {
        let text = string(meta).map(LitStr::value).unwrap_or_default();
        let rule = RULES.iter().find(|(name, _)| *name == text).map(|(_, rule)| *rule);
        if rule.is_none() {
            let help = format!("use one of {}", listed(&RULES.map(|(name, _)| name), "and"));
            diag.error(&meta.value, "no style of names is called so", help);
        }
        rule
    }

    /// The name of a field, which is in snake case.
    pub(crate) fn field(self, name: &str) -> String {
        match self {
            Self::Lower | Self::Snake => name.into(),
            Self::Upper | Self::UpperSnake => name.to_ascii_uppercase(),
            Self::Pascal => pascal(name),
            Self::Camel => first_lower(&pascal(name)),
            Self::Kebab => name.replace('_', "-"),
            Self::UpperKebab => name.to_ascii_uppercase().replace('_', "-"),
        }
    }

    /// The name of a variant, which is in Pascal case.
    pub(crate) fn variant(self, name: &str) -> String {
        match self {
            Self::Lower => name.to_ascii_lowercase(),
            Self::Upper => name.to_ascii_uppercase(),
            Self::Pascal => name.into(),
            Self::Camel => first_lower(name),
            Self::Snake => snake(name),
            Self::UpperSnake => snake(name).to_ascii_uppercase(),
            Self::Kebab => snake(name).replace('_', "-"),
            Self::UpperKebab => snake(name).to_ascii_uppercase().replace('_', "-"),
        }
    }
}

fn pascal(snake: &str) -> String {
    let words = snake.split('_').map(|word| {
        let mut rest = word.chars();
        rest.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(rest).collect::<String>()
    });
    words.collect()
}

fn snake(pascal: &str) -> String {
    let mut snake = String::new();
    for (at, letter) in pascal.char_indices() {
        if at > 0 && letter.is_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

fn first_lower(name: &str) -> String {
    name.split_at_checked(1).map_or_else(|| name.into(), |(first, rest)| first.to_ascii_lowercase() + rest)
}

/// The keys of `#[serde(…)]`.
pub(crate) fn keys(attrs: &[Attribute], diag: &mut Diagnostics) -> Vec<Meta> {
    let mut all = Vec::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("serde")) {
        match attr.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated) {
            Ok(keys) => all.extend(keys),
            Err(_) => diag.error(attr, "`#[serde]` has keys that cannot be read", "write them as serde has them"),
        }
    }
    all
}

/// The string that is the value of a key.
pub(crate) fn string(meta: &MetaNameValue) -> Option<&LitStr> {
    match &meta.value {
        Expr::Lit(value) => match &value.lit {
            Lit::Str(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_styled_as_serde_does() {
        let cases = [
            ("lowercase", "dry_run2", "dryrun2"),
            ("UPPERCASE", "DRY_RUN2", "DRYRUN2"),
            ("PascalCase", "DryRun2", "DryRun2"),
            ("camelCase", "dryRun2", "dryRun2"),
            ("snake_case", "dry_run2", "dry_run2"),
            ("SCREAMING_SNAKE_CASE", "DRY_RUN2", "DRY_RUN2"),
            ("kebab-case", "dry-run2", "dry-run2"),
            ("SCREAMING-KEBAB-CASE", "DRY-RUN2", "DRY-RUN2"),
        ];
        for ((style, field, variant), (name, rule)) in cases.into_iter().zip(RULES) {
            assert_eq!((style, field, variant), (name, &*rule.field("dry_run2"), &*rule.variant("DryRun2")));
        }
        assert_eq!(Rule::Camel.field("_x__y"), "xY");
        assert_eq!(Rule::Camel.field("__"), "");
        assert_eq!(Rule::Snake.variant("HTTPServer"), "h_t_t_p_server");
    }
}
