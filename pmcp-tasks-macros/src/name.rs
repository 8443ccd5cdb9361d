//! Names that clients see: of tools, and of workflows, which are prompts and tools.

use pmcp_macro_support::Diagnostics;
use quote::ToTokens;
use syn::{Ident, LitStr};

/// The name that is given, else the one made of an identifier. Reports one that is not allowed for what is called so.
pub(crate) fn checked(
    what: &str,
    given: Option<&LitStr>,
    (ident, default): (&Ident, String),
    diag: &mut Diagnostics,
) -> String {
    let name = given.map_or(default, LitStr::value);
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let at = given.map_or_else(|| ident.to_token_stream(), ToTokens::to_token_stream);
    let allowed = format!("a {what}'s name is 1 to 128 of `A-Z a-z 0-9 _ - .`");
    if let Some(wrong) = name.chars().find(|c| !is_allowed(*c)) {
        let help = if given.is_some() { allowed } else { format!("{allowed}: give it one with `name = \"…\"`") };
        diag.error(at, format_args!("a {what}'s name cannot contain `{wrong}`"), help);
    } else if name.is_empty() {
        diag.error(at, format_args!("a {what}'s name cannot be empty"), allowed);
    } else if name.len() > 128 {
        diag.error(at, format_args!("a {what}'s name cannot have {} characters", name.len()), allowed);
    }
    name
}
