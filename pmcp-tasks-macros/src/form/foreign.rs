//! Attributes of other derives on a form. A form is read and shown by its own words, so names and defaults of serde are
//! honoured, and what else says something of a field is told: a bound that is passed over would let anything through.

use pmcp_macro_support::Diagnostics;
use quote::ToTokens;
use syn::{Attribute, Expr, ExprPath, LitStr, Meta, Token, parse_quote, punctuated::Punctuated};

use super::args::{FieldArgs, VariantArgs, range};
use crate::{
    default::DefaultValue,
    serde::{Rule, keys, string},
};

/// The style of all names; reports what is said of the type and does not hold for its form.
pub(super) fn rename_all(attrs: &[Attribute], diag: &mut Diagnostics) -> Option<Rule> {
    let mut rule = None;
    for key in keys(attrs, diag) {
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

/// The words of serde about a field.
#[derive(Default)]
pub(super) struct Said {
    pub(super) rename: Option<LitStr>,
    pub(super) default: Option<DefaultValue>,
}

/// Looks at a field; reports what is said of it and does not hold in its form.
pub(super) fn field(attrs: &[Attribute], args: &FieldArgs, diag: &mut Diagnostics) -> Said {
    let mut said = Said::default();
    for key in keys(attrs, diag) {
        let name = key.path().to_token_stream().to_string();
        match (name.as_str(), &key) {
            ("rename", _) => said.rename = renamed(&key, args.rename.is_some(), diag),
            ("default", Meta::Path(_)) => said.default = Some(DefaultValue::OfType),
            ("default", Meta::NameValue(meta)) => match string(meta).and_then(|path| path.parse::<ExprPath>().ok()) {
                Some(function) => {
                    let call: Expr = parse_quote!(#function());
                    said.default = Some(DefaultValue::Value(Box::new(call)));
                }
                None => diag.error(&meta.value, "it names no function", "write `#[form(default = …)]` with a value"),
            },
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
    for key in schemars(attrs) {
        let name = key.path().to_token_stream().to_string();
        let ends = || range(&key.require_list().map(|list| list.tokens.clone()).unwrap_or_default());
        let help = match name.as_str() {
            "range" if args.range.is_none() => format!("write `#[form(range = {})]`", ends()),
            "length" if args.length.is_none() => format!("write `#[form(length = {})]`", ends()),
            "email" if args.format.is_none() => "write `#[form(format = \"email\")]`".into(),
            "url" if args.format.is_none() => "write `#[form(format = \"uri\")]`".into(),
            "title" if args.title.is_none() => same_text("title", &key),
            "description" if args.description.is_none() => same_text("description", &key),
            "regex" | "pattern" => "remove it, and look at the answer: forms have no patterns".into(),
            _ => continue,
        };
        has_no_effect_of("schemars", &key, &help, diag);
    }
    said
}

/// The keys of schemars, but for those that only it can read.
fn schemars(attrs: &[Attribute]) -> Vec<Meta> {
    let attrs = attrs.iter().filter(|attr| attr.path().is_ident("schemars"));
    let keys = attrs.filter_map(|attr| attr.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).ok());
    keys.flatten().collect()
}

/// Looks at a variant: the name that serde gives it.
pub(super) fn variant(attrs: &[Attribute], args: &VariantArgs, diag: &mut Diagnostics) -> Option<LitStr> {
    for key in schemars(attrs).iter().filter(|key| key.path().is_ident("title") && args.title.is_none()) {
        has_no_effect_of("schemars", key, &same_text("title", key), diag);
    }
    let mut rename = None;
    for key in keys(attrs, diag) {
        if key.path().is_ident("rename") {
            rename = renamed(&key, args.rename.is_some(), diag);
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

/// The edit that says the same text here.
fn same_text(name: &str, key: &Meta) -> String {
    let text = key.require_name_value().map(|meta| meta.value.to_token_stream().to_string()).unwrap_or_default();
    format!("write `#[form({name} = {text})]`")
}

fn has_no_effect(key: &Meta, help: &str, diag: &mut Diagnostics) {
    has_no_effect_of("serde", key, help, diag);
}

fn has_no_effect_of(derive: &str, key: &Meta, help: &str, diag: &mut Diagnostics) {
    let name = key.path().to_token_stream();
    diag.error(key.path(), format_args!("`{name}` of {derive} has no effect on a form"), help);
}
