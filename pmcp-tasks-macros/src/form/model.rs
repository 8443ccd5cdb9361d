//! The checked form of a form.

use std::collections::HashSet;

use pmcp_macro_support::{CratePath, Diagnostics, description, did_you_mean, listed};
use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Attribute, Data, DataEnum, DeriveInput, Expr, ExprLit, Fields, Ident, Lit, LitStr, ext::IdentExt};

use super::{
    args::{Ends, FieldArgs, VariantArgs, crate_path, number},
    foreign,
};
use crate::{default::DefaultValue, serde::Rule};

/// The formats of texts (elicitation, "String Schema").
const FORMATS: [&str; 4] = ["email", "uri", "date", "date-time"];

/// A form.
pub(super) struct Form {
    pub(super) ident: Ident,
    pub(super) krate: CratePath,
    pub(super) kind: Kind,
}

/// Kind of a form.
pub(super) enum Kind {
    /// A struct.
    Fields(Vec<Field>),
    /// An enum.
    Choice(Vec<Variant>),
}

/// A field to fill in.
pub(super) struct Field {
    pub(super) ident: Ident,
    pub(super) name: String,
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) ty: TokenStream,
    pub(super) default: Option<DefaultValue>,
    pub(super) bounds: Bounds,
}

/// Bounds of a field's value.
pub(super) enum Bounds {
    /// Those of its type.
    OfType,
    /// Of a number.
    Range(Ends),
    /// Of a text or a list.
    Length(Ends),
    /// Of a text.
    Format(String, Ends),
}

/// One of several.
pub(super) struct Variant {
    pub(super) ident: Ident,
    pub(super) value: String,
    pub(super) title: Option<String>,
}

/// Names with their tokens, each of which may be there once.
#[derive(Default)]
struct Names(HashSet<String>);

impl Names {
    /// The name of this part: what it is renamed to, else what a style makes of its own.
    fn name(
        &mut self,
        what: &str,
        ident: &Ident,
        renamed: Option<&LitStr>,
        styled: impl FnOnce(&str) -> String,
        diag: &mut Diagnostics,
    ) -> String {
        let (name, token) = match renamed {
            Some(name) => (name.value(), name.to_token_stream()),
            None => (styled(&ident.unraw().to_string()), ident.to_token_stream()),
        };
        if name.is_empty() {
            diag.error(&token, format_args!("a {what} needs a name"), "write the name, or remove `rename`");
        } else if !self.0.insert(name.clone()) {
            diag.error(&token, format_args!("two {what}s are named `{name}`"), "rename one of them");
        }
        name
    }
}

impl Form {
    /// Looks at the item.
    pub(super) fn build(input: &DeriveInput, diag: &mut Diagnostics) -> Option<Self> {
        let krate = diag.take(crate_path(&input.attrs)).flatten();
        if !input.generics.params.is_empty() {
            diag.error(
                &input.generics,
                "a form cannot be generic",
                "name the types: the client is shown one form for each question",
            );
        }
        let rule = foreign::rename_all(&input.attrs, diag);
        let kind = match &input.data {
            Data::Struct(data) => fields(&data.fields, rule, diag).map(Kind::Fields),
            Data::Enum(data) => choice(input, data, rule, diag).map(Kind::Choice),
            Data::Union(data) => {
                let help = "derive it for a struct with named fields, or for an enum without data";
                diag.error(data.union_token, "a union cannot be asked for", help);
                None
            }
        };
        if diag.has_errors() {
            return None;
        }
        Some(Self { ident: input.ident.clone(), krate: CratePath::new(krate.as_ref(), "pmcp_tasks"), kind: kind? })
    }
}

fn fields(fields: &Fields, rule: Option<Rule>, diag: &mut Diagnostics) -> Option<Vec<Field>> {
    if let Fields::Unnamed(fields) = fields {
        diag.error(fields, "the fields of a form need names", "name them: users see the names, or their titles");
        return None;
    }
    let mut names = Names::default();
    Some(fields.iter().filter_map(|field| Field::build(field, rule, &mut names, diag)).collect())
}

impl Field {
    fn build(field: &syn::Field, rule: Option<Rule>, names: &mut Names, diag: &mut Diagnostics) -> Option<Self> {
        let ident = field.ident.clone()?;
        let args = diag.take(FieldArgs::parse(&field.attrs))?;
        let said = foreign::field(&field.attrs, &args, diag);
        let renamed = args.rename.or(said.rename);
        let styled = |name: &str| rule.map_or_else(|| name.into(), |rule| rule.field(name));
        let name = names.name("field", &ident, renamed.as_ref(), styled, diag);
        let bounds = match (args.range, args.length, args.format) {
            (None, None, None) => Bounds::OfType,
            (Some((_, ends)), None, None) => Bounds::Range(ends),
            (None, Some(ends), None) => Bounds::Length(ends),
            (None, length, Some(format)) => Bounds::Format(known_format(&format, diag)?, length.unwrap_or_default()),
            (Some((range, _)), ..) => {
                diag.error(
                    range,
                    "a range is of a number, and what else is said here of a text",
                    "keep `range` for a number; a text has a `length` and a `format`",
                );
                return None;
            }
        };
        let default = args.default.or(said.default);
        if let Some(DefaultValue::Value(value)) = &default {
            check_default(value, &bounds, diag);
        }
        Some(Self {
            ident,
            name,
            title: args.title.map(|title| title.value()),
            description: args.description.map(|text| text.value()).or_else(|| description(&field.attrs)),
            ty: field.ty.to_token_stream(),
            default,
            bounds,
        })
    }
}

/// Looks whether a default that is written out is within its bounds.
fn check_default(value: &Expr, bounds: &Bounds, diag: &mut Diagnostics) {
    let (size, (least, most)) = match (value, bounds) {
        (value, Bounds::Range(ends)) => (number(value), ends),
        (Expr::Lit(ExprLit { lit: Lit::Str(text), .. }), Bounds::Length(ends) | Bounds::Format(_, ends)) => {
            (u32::try_from(text.value().chars().count()).ok().map(f64::from), ends)
        }
        _ => return,
    };
    let Some(size) = size else { return };
    let end = |end: &Option<Expr>| end.as_ref().and_then(number);
    if end(least).is_some_and(|least| size < least) || end(most).is_some_and(|most| size > most) {
        diag.error(
            value,
            "the default is out of its own bounds",
            "write one that users could give, or widen the bounds",
        );
    }
}

fn known_format(format: &LitStr, diag: &mut Diagnostics) -> Option<String> {
    let name = format.value();
    if FORMATS.contains(&name.as_str()) {
        return Some(name);
    }
    let help = match did_you_mean(&name, FORMATS) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("the formats of a form are {}", listed(&FORMATS, "and")),
    };
    diag.error(format, format_args!("no format is called `{name}`"), help);
    None
}

fn choice(input: &DeriveInput, data: &DataEnum, rule: Option<Rule>, diag: &mut Diagnostics) -> Option<Vec<Variant>> {
    if data.variants.is_empty() {
        diag.error(&input.ident, "there is nothing to choose from", "give it a variant for each choice");
        return None;
    }
    let mut names = Names::default();
    let variants = data.variants.iter().filter_map(|variant| {
        if !matches!(variant.fields, Fields::Unit) {
            diag.error(
                &variant.fields,
                "a choice carries no data",
                "remove it here, and ask for it in a struct that has the choice as a field",
            );
        }
        let args = diag.take(VariantArgs::parse(&variant.attrs))?;
        let said = foreign::variant(&variant.attrs, &args, diag);
        let renamed = args.rename.or(said);
        let styled = |name: &str| rule.map_or_else(|| name.into(), |rule| rule.variant(name));
        let value = names.name("choice", &variant.ident, renamed.as_ref(), styled, diag);
        let title = args.title.map(|title| title.value()).or_else(|| first_paragraph(&variant.attrs));
        Some(Variant { ident: variant.ident.clone(), value, title })
    });
    Some(variants.collect())
}

/// The beginning of the docs, in one line.
fn first_paragraph(attrs: &[Attribute]) -> Option<String> {
    let text = description(attrs)?;
    text.split("\n\n").next().map(|paragraph| paragraph.replace('\n', " "))
}
