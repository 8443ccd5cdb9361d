//! Hints for whom something is, and how much it matters: `audience = ["user"]`, `priority = 0.8` (schema, `Annotations`).

use pmcp_macro_support::{Keys, did_you_mean, error, visible};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Expr, ExprLit, Lit};

use crate::values::list;

/// The hints.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Annotations {
    audience: Vec<Role>,
    priority: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    User,
    Assistant,
}

const ROLES: [(&str, Role); 2] = [("user", Role::User), ("assistant", Role::Assistant)];

/// The values of both keys.
pub(crate) fn annotations(keys: &mut Keys) -> Annotations {
    Annotations { audience: audience(keys), priority: priority(keys) }
}

fn audience(keys: &mut Keys) -> Vec<Role> {
    let Some(list) = list(keys, "audience", ("list of strings", "user")) else { return Vec::new() };
    if list.elems.is_empty() {
        let help = "name `\"user\"`, `\"assistant\"` or both, or remove the key: then it is for both";
        keys.report(error(&list, "`audience` has nobody", help));
    }
    let mut audience = Vec::new();
    for element in list.elems {
        let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &element else {
            keys.report(error(&element, "one of the audience is a string", "use `\"user\"` or `\"assistant\"`"));
            continue;
        };
        let given = text.value();
        match ROLES.into_iter().find(|(name, _)| *name == given) {
            None => {
                let help = did_you_mean(&given, ROLES.map(|(name, _)| name)).map_or_else(
                    || "use `\"user\"` or `\"assistant\"`".to_owned(),
                    |meant| format!("did you mean `\"{meant}\"`?"),
                );
                keys.report(error(text, format_args!("`audience` cannot have `\"{given}\"`"), help));
            }
            Some((_, role)) if audience.contains(&role) => {
                keys.report(error(text, format_args!("`audience` has `\"{given}\"` twice"), "remove one of them"));
            }
            Some((_, role)) => audience.push(role),
        }
    }
    audience
}

fn priority(keys: &mut Keys) -> Option<f64> {
    let (ident, value) = keys.expr("priority")?;
    let tokens = value.as_ref().map_or_else(|| ident.to_token_stream(), ToTokens::to_token_stream);
    let Some(number) = value.and_then(number) else {
        keys.report(error(tokens, "`priority` takes a number", "write one from 0 to 1, such as `priority = 0.8`"));
        return None;
    };
    if !(0.0..=1.0).contains(&number) {
        let help = "write one from `0.0`, of what can be left out, to `1.0`, of what is needed";
        keys.report(error(tokens, format_args!("`{number}` is not a priority"), help));
        return None;
    }
    Some(number)
}

/// The number that is written, with or without a sign.
fn number(value: Expr) -> Option<f64> {
    match visible(value) {
        Expr::Lit(ExprLit { lit: Lit::Float(number), .. }) => number.base10_parse().ok(),
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => number.base10_parse().ok(),
        Expr::Unary(negative) if matches!(negative.op, syn::UnOp::Neg(_)) => number(*negative.expr).map(|it| -it),
        _ => None,
    }
}

impl Annotations {
    /// Writes them, if there are any.
    pub(crate) fn expand(&self, p: &TokenStream) -> Option<TokenStream> {
        let roles = self.audience.iter().map(|role| match role {
            Role::User => quote!(#p::Role::User),
            Role::Assistant => quote!(#p::Role::Assistant),
        });
        let audience = (!self.audience.is_empty()).then(|| quote!(.audience([#(#roles),*])));
        let priority = self.priority.map(|priority| quote!(.priority(#priority)));
        (audience.is_some() || priority.is_some()).then(|| quote!(#p::Annotations::new() #audience #priority))
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    fn read(args: TokenStream) -> syn::Result<Annotations> {
        let mut keys = Keys::parse(args, &["audience", "priority"]);
        let read = annotations(&mut keys);
        keys.finish(read)
    }

    #[test]
    fn hints_are_those_of_the_schema() {
        let both = read(quote!(audience = ["user", "assistant"], priority = 1)).unwrap();
        assert_eq!(both, Annotations { audience: vec![Role::User, Role::Assistant], priority: Some(1.0) });
        assert_eq!(read(quote!(priority = 0.25)).unwrap().priority, Some(0.25));
        assert!(read(quote!()).unwrap().expand(&quote!(p)).is_none());
    }

    #[test]
    fn every_mistake_says_what_to_write() {
        let mistakes =
            |args| -> Vec<String> { read(args).err().unwrap().into_iter().map(|error| error.to_string()).collect() };
        assert_eq!(
            mistakes(quote!(audience = ["usr", "model", "user", "user", 1], priority = 1.5)),
            [
                "`audience` cannot have `\"usr\"`\nhelp: did you mean `\"user\"`?",
                "`audience` cannot have `\"model\"`\nhelp: use `\"user\"` or `\"assistant\"`",
                "`audience` has `\"user\"` twice\nhelp: remove one of them",
                "one of the audience is a string\nhelp: use `\"user\"` or `\"assistant\"`",
                "`1.5` is not a priority\nhelp: write one from `0.0`, of what can be left out, to `1.0`, of what is needed",
            ]
        );
        for args in [quote!(priority = "0.8"), quote!(priority), quote!(priority = HIGH)] {
            assert_eq!(
                mistakes(args),
                ["`priority` takes a number\nhelp: write one from 0 to 1, such as `priority = 0.8`"]
            );
        }
        for args in [quote!(priority = -0.1), quote!(priority = 2)] {
            assert!(mistakes(args)[0].ends_with("to `1.0`, of what is needed"));
        }
        assert_eq!(
            mistakes(quote!(audience = "user")),
            ["`audience` takes a list of strings\nhelp: write `audience = [\"user\"]`"]
        );
        assert_eq!(
            mistakes(quote!(audience = [])),
            [
                "`audience` has nobody\nhelp: name `\"user\"`, `\"assistant\"` or both, or remove the key: then it is for both"
            ]
        );
    }
}
