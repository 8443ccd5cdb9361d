//! Attributes of serde on a set of variables. A variable is stored and shown by its own name and type, so what serde would
//! do to the struct is done here or refused, and never passed over: a field that serde skips would go to the client.

use pmcp_macro_support::Diagnostics;
use quote::ToTokens;
use syn::{Attribute, Field, LitStr, Meta};

use crate::serde::{Rule, keys, string};

/// The style of all names; reports what is said of the struct and does not hold for its variables.
pub(super) fn rename_all(attrs: &[Attribute], diag: &mut Diagnostics) -> Option<Rule> {
    let mut rule = None;
    for key in keys(attrs, diag) {
        let name = key.path().to_token_stream().to_string();
        match (name.as_str(), &key) {
            ("rename_all", Meta::NameValue(meta)) => {
                rule = Rule::parse(meta, diag);
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
