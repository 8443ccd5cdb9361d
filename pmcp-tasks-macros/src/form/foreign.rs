//! Attributes of other derives on a form. A form is read and shown by its own words, so theirs are honoured where they
//! say the same, else told: a bound that is passed over would let anything through.

use pmcp_macro_support::Diagnostics;
use quote::ToTokens;
use syn::{Attribute, LitStr, Meta, parse_quote};

use super::args::{FieldArgs, range};
use crate::{
    default::DefaultValue,
    serde::{Rule, keys, string},
};

/// The style of all names; reports what is said of the type and does not hold for its form.
pub(super) fn rename_all(attrs: &[Attribute], diag: &mut Diagnostics) -> Option<Rule> {
    let mut rule = None;
    for key in keys(attrs, "serde", diag) {
        let name = key.path().to_token_stream().to_string();
        match (name.as_str(), &key) {
            ("rename_all", Meta::NameValue(meta)) => rule = Rule::parse(meta, diag),
            ("rename_all", _) => diag.error(&key, "a field has one name", "write `rename_all = \"…\"`"),
            ("default", _) => has_no_effect(&key, "write `#[form(default)]` on the fields", diag),
            ("transparent" | "from" | "try_from" | "remote", _) => {
                has_no_effect(&key, "remove it: a form is read field by field", diag);
            }
            // They say nothing of a field's name or value.
            _ => {}
        }
    }
    rule
}

/// What serde says of a field.
#[derive(Default)]
pub(super) struct Said {
    pub(super) rename: Option<LitStr>,
    pub(super) default: Option<DefaultValue>,
}

/// Looks at a field; reports what is said of it and does not hold in its form.
pub(super) fn field(attrs: &[Attribute], args: &FieldArgs, diag: &mut Diagnostics) -> Said {
    let mut said = Said::default();
    for key in keys(attrs, "serde", diag) {
        let name = key.path().to_token_stream().to_string();
        match (name.as_str(), &key) {
            ("rename", _) => said.rename = renamed(&key, args.rename.is_some(), diag),
            ("default", Meta::Path(_)) => said.default = Some(DefaultValue::OfType),
            ("default", Meta::NameValue(meta)) => {
                if let Some(function) = string(meta).and_then(|path| path.parse::<syn::Path>().ok()) {
                    said.default = Some(DefaultValue::Value(parse_quote!(#function())));
                }
            }
            ("skip" | "skip_deserializing", _) => {
                has_no_effect(&key, "take the field out of the struct: a form asks for each of its fields", diag);
            }
            ("flatten", _) => has_no_effect(&key, "write its fields here: a form is flat", diag),
            ("with" | "deserialize_with", _) => {
                has_no_effect(&key, "ask for what its type is made of, and convert the answer", diag);
            }
            _ => {}
        }
    }
    for key in keys(attrs, "schemars", diag) {
        let name = key.path().to_token_stream().to_string();
        let ends = || range(&key.require_list().map(|list| list.tokens.clone()).unwrap_or_default());
        let same = match name.as_str() {
            "range" if args.range.is_none() => format!("range = {}", ends()),
            "length" if args.length.is_none() => format!("length = {}", ends()),
            "email" if args.format.is_none() => "format = \"email\"".into(),
            "url" if args.format.is_none() => "format = \"uri\"".into(),
            _ => continue,
        };
        diag.error(
            key.path(),
            format_args!("`{name}` of schemars has no effect on a form"),
            format_args!("write `#[form({same})]`"),
        );
    }
    said
}

/// Looks at a variant: the name that serde gives it.
pub(super) fn variant(attrs: &[Attribute], is_renamed: bool, diag: &mut Diagnostics) -> Option<LitStr> {
    let mut rename = None;
    for key in keys(attrs, "serde", diag) {
        if key.path().is_ident("rename") {
            rename = renamed(&key, is_renamed, diag);
        } else if key.path().is_ident("skip") || key.path().is_ident("skip_deserializing") {
            has_no_effect(&key, "take the variant out of the enum: a form offers each of them", diag);
        }
    }
    rename
}

fn renamed(key: &Meta, is_renamed: bool, diag: &mut Diagnostics) -> Option<LitStr> {
    match key {
        Meta::NameValue(meta) => string(meta).cloned(),
        _ if is_renamed => None,
        _ => {
            diag.error(key, "it has one name in a form", "write `#[form(rename = \"…\")]`");
            None
        }
    }
}

fn has_no_effect(key: &Meta, help: &str, diag: &mut Diagnostics) {
    let name = key.path().to_token_stream();
    diag.error(key.path(), format_args!("`{name}` of serde has no effect on a form"), help);
}
