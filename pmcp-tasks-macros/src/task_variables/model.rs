//! The checked form of a set of variables.

use std::collections::HashSet;

use pmcp_macro_support::{CratePath, Diagnostics, Keys, all_arguments, arguments, summary};
use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Attribute, Data, DeriveInput, Field, Fields, Ident, LitStr, Path, Type, Visibility, ext::IdentExt};

use super::serde;
use crate::serde::Rule;

/// The shared state of a task.
pub(super) struct VariableSet {
    pub(super) ident: Ident,
    pub(super) vis: Visibility,
    pub(super) krate: CratePath,
    pub(super) variables: Vec<Variable>,
}

/// One variable.
pub(super) struct Variable {
    pub(super) ident: Ident,
    pub(super) name: String,
    /// Token of the name, for errors.
    name_token: TokenStream,
    /// The first paragraph of its docs. An example in the rest would be a test once more.
    pub(super) summary: Option<String>,
    pub(super) ty: Type,
    pub(super) is_hidden: bool,
    pub(super) is_client_writable: bool,
}

impl VariableSet {
    /// Looks at the item.
    pub(super) fn build(input: &DeriveInput, diag: &mut Diagnostics) -> Option<Self> {
        let krate = crate_path(input, diag);
        let fields = fields(input, diag)?;
        if !input.generics.params.is_empty() {
            diag.error(
                &input.generics,
                "task variables cannot be generic",
                "name the types: they are stored, and read by other processes",
            );
        }
        let rule = serde::rename_all(&input.attrs, diag);
        let variables: Vec<Variable> = fields.iter().filter_map(|field| Variable::build(field, rule, diag)).collect();
        let mut names = HashSet::new();
        for variable in &variables {
            if !names.insert(&variable.name) {
                diag.error(
                    &variable.name_token,
                    format_args!("two variables are named `{}`", variable.name),
                    "rename one of them",
                );
            }
        }
        if diag.has_errors() {
            return None;
        }
        Some(Self {
            ident: input.ident.clone(),
            vis: input.vis.clone(),
            krate: CratePath::new(krate.as_ref(), "pmcp_tasks"),
            variables,
        })
    }
}

/// `#[task_variables(crate = ::path)]`.
pub(super) fn crate_path(input: &DeriveInput, diag: &mut Diagnostics) -> Option<Path> {
    let attr = input.attrs.iter().find(|attr| attr.path().is_ident("task_variables"))?;
    let tokens = diag.take(arguments(attr, "#[task_variables(crate = ::path)]"))?;
    let mut keys = Keys::parse(tokens, &["crate"]);
    let path = keys.path("crate");
    diag.take(keys.finish(path))?
}

fn fields<'a>(
    input: &'a DeriveInput,
    diag: &mut Diagnostics,
) -> Option<&'a syn::punctuated::Punctuated<Field, syn::Token![,]>> {
    let help = "derive it for a struct with named fields, one for each variable";
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => return Some(&fields.named),
            Fields::Unnamed(fields) => diag.error(fields, "variables need names", help),
            Fields::Unit => diag.error(
                &input.ident,
                "a unit struct has no variables",
                "leave out the type: `TaskContext` alone has no variables",
            ),
        },
        Data::Enum(data) => diag.error(data.enum_token, "an enum cannot be a set of variables", help),
        Data::Union(data) => diag.error(data.union_token, "a union cannot be a set of variables", help),
    }
    None
}

impl Variable {
    fn build(field: &Field, rule: Option<Rule>, diag: &mut Diagnostics) -> Option<Self> {
        let ident = field.ident.clone()?;
        let keys = diag.take(VariableKeys::parse(&field.attrs))?;
        if keys.is_hidden && keys.is_client_writable {
            diag.error(
                &keys.client_writable,
                "a hidden variable never leaves the server, so the client cannot write it",
                "keep one of `hidden` and `client_writable`",
            );
        }
        let renamed = serde::check(field, keys.is_hidden, keys.rename.is_some(), diag);
        let (name, name_token) = if let Some(name) = keys.rename.or(renamed) {
            (name.value(), name.to_token_stream())
        } else {
            let name = ident.unraw().to_string();
            (rule.map_or_else(|| name.clone(), |rule| rule.field(&name)), ident.to_token_stream())
        };
        if name.is_empty() {
            diag.error(&name_token, "a variable needs a name", "write the name, or remove `rename`");
        }
        Some(Self {
            ident,
            name,
            name_token,
            summary: summary(&field.attrs),
            ty: field.ty.clone(),
            is_hidden: keys.is_hidden,
            is_client_writable: keys.is_client_writable,
        })
    }
}

/// The grammar of `#[variable(…)]`.
#[derive(Default)]
struct VariableKeys {
    is_hidden: bool,
    is_client_writable: bool,
    /// Token that says so.
    client_writable: Option<Ident>,
    rename: Option<LitStr>,
}

impl VariableKeys {
    fn parse(attrs: &[Attribute]) -> syn::Result<Self> {
        let tokens = all_arguments(attrs, "variable", "#[variable(hidden)]")?;
        let mut keys = Keys::parse(tokens, &["hidden", "client_writable", "rename"]);
        let client_writable = keys.key("client_writable").cloned();
        let parsed = Self {
            client_writable,
            is_hidden: keys.flag("hidden").unwrap_or_default(),
            is_client_writable: keys.flag("client_writable").unwrap_or_default(),
            rename: keys.string("rename"),
        };
        keys.finish(parsed)
    }
}
