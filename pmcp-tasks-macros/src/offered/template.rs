//! URIs with variables, as the runtime takes them (RFC 6570, level 1).

use pmcp_macro_support::{Diagnostics, did_you_mean};
use syn::{Ident, LitStr};

use super::parameter::Input;
use crate::uri;

/// The variables of a URI, in their order; reports what is wrong in it.
pub(super) fn variables(given: &LitStr, diag: &mut Diagnostics) -> Option<Vec<String>> {
    let text = given.value();
    let mut wrong = |message: &str, help: &str| {
        diag.error(given, message, help);
        None
    };
    let mut names: Vec<String> = Vec::new();
    let mut rest = text.as_str();
    let mut is_first = true;
    while let Some(open) = rest.find(['{', '}']) {
        let (literal, after) = rest.split_at(open);
        let Some(close) = after.find('}').filter(|_| after.starts_with('{')) else {
            return wrong("the URI has a brace without its other", "write variables as `{name}`");
        };
        let name = &after[1..close];
        if name.starts_with(['+', '#', '.', '/', ';', '?', '&']) {
            let help = format!("write `{{{}}}`; a variable is one part without `/`", &name[1..]);
            return wrong("a variable has no operator before its name", &help);
        }
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return wrong("a variable's name is letters, digits and `_`", "name it like a parameter: `{id}`");
        }
        if literal.is_empty() && !is_first {
            return wrong("two variables have nothing between them", "write something between them, such as `/`");
        }
        if names.iter().any(|other| other == name) {
            return wrong(&format!("two variables are named `{name}`"), "rename one of them");
        }
        names.push(name.to_owned());
        rest = &after[close + 1..];
        is_first = false;
    }
    if uri::scheme(&text).is_none() {
        return wrong("this is not a URI: it has no scheme", "begin it with one, such as `note://today`");
    }
    if let Some(c) = uri::forbidden(&text) {
        return wrong(&format!("a URI cannot contain `{c}`"), &format!("write it as `{}`", uri::percent(c)));
    }
    Some(names)
}

/// Compares the variables with the parameters, both ways. A name that is misspelt is one mistake.
pub(super) fn check(uri: &LitStr, variables: &[String], inputs: &[&Input], diag: &mut Diagnostics) {
    let is_taken = |name: &str| inputs.iter().any(|input| input.argument.name == name);
    let mut free: Vec<&str> = variables.iter().map(String::as_str).filter(|name| !is_taken(name)).collect();
    for Input { argument, .. } in inputs.iter().filter(|input| !variables.contains(&input.argument.name)) {
        let name = &argument.name;
        let message = format!("the URI has no variable `{name}`");
        let meant = did_you_mean(name, free.iter().copied())
            .or_else(|| free.first().copied().filter(|_| inputs.len() == 1 && free.len() == 1));
        let help = match meant {
            Some(meant) => {
                free.retain(|other| *other != meant);
                format!("did you mean `{meant}`?")
            }
            None if variables.is_empty() => {
                format!("put it into the URI, as in `…/{{{name}}}`, or take what belongs to the server as `State<T>`")
            }
            None => format!("put `{{{name}}}` into the URI, or remove the parameter"),
        };
        diag.error(&argument.name_token, message, help);
    }
    for name in free {
        let message = format!("no parameter takes the variable `{name}`");
        let parameter = syn::parse_str::<Ident>(name).map_or_else(
            |_| format!("add the parameter `#[arg(rename = \"{name}\")] value: String`"),
            |name| format!("add the parameter `{name}: String`"),
        );
        diag.error(uri, message, parameter);
    }
}
