//! Keys with a list in parentheses, beside those that have a value: `csp(…)`, `permissions(…)`, `tools(…)`, `modes(…)`.

use pmcp_macro_support::error;
use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};

/// The lists of an attribute, taken out of its arguments.
#[derive(Debug, Default)]
pub(super) struct Lists {
    found: Vec<(Ident, Group)>,
    pub(super) errors: Vec<syn::Error>,
}

impl Lists {
    /// Takes the lists of these names out. What is left is what other keys are read from.
    pub(super) fn split(args: TokenStream, names: &[&str]) -> (Self, TokenStream) {
        let (mut lists, mut rest) = (Self::default(), Vec::new());
        let mut tokens = args.into_iter().peekable();
        let mut is_begin = true;
        while let Some(token) = tokens.next() {
            let name = match &token {
                TokenTree::Ident(name) if is_begin && names.iter().any(|known| name == known) => Some(name.clone()),
                _ => None,
            };
            let list = match (name, tokens.peek()) {
                (Some(name), Some(TokenTree::Group(group))) if group.delimiter() == Delimiter::Parenthesis => {
                    Some((name, group.clone()))
                }
                _ => None,
            };
            let Some((name, group)) = list else {
                is_begin = is_comma(&token);
                rest.push(token);
                continue;
            };
            tokens.next();
            is_begin = true;
            match tokens.peek() {
                None => {}
                Some(next) if is_comma(next) => drop(tokens.next()),
                Some(next) => {
                    let help = format!("write a `,` between `{name}(…)` and `{next}`");
                    lists.errors.push(error(next, format_args!("a `,` is missing before `{next}`"), help));
                }
            }
            lists.add(name, group);
        }
        (lists, rest.into_iter().collect())
    }

    fn add(&mut self, name: Ident, group: Group) {
        if self.found.iter().any(|(other, _)| *other == name) {
            self.errors.push(error(&name, format_args!("`{name}` is given twice"), "make one list of both"));
        } else {
            self.found.push((name, group));
        }
    }

    /// The list of this name, with its name to point at.
    pub(super) fn take(&mut self, name: &str) -> Option<(Ident, TokenStream)> {
        let at = self.found.iter().position(|(found, _)| found == name)?;
        let (name, group) = self.found.swap_remove(at);
        Some((name, group.stream()))
    }
}

fn is_comma(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',')
}
