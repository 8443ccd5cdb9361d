//! The checked form of a server's state.

use std::collections::HashMap;

use pmcp_macro_support::{CratePath, Diagnostics, Keys, arguments};
use quote::ToTokens;
use syn::{Attribute, Data, DeriveInput, Field, Ident, Member, Path, Type};

/// A server's state.
pub(super) struct StateParts {
    pub(super) ident: Ident,
    pub(super) krate: CratePath,
    pub(super) parts: Vec<Part>,
}

/// A field that functions can take.
pub(super) struct Part {
    pub(super) member: Member,
    pub(super) ty: Type,
}

impl StateParts {
    /// Looks at the item; fields that cannot be provided are left out.
    pub(super) fn build(input: &DeriveInput, diag: &mut Diagnostics) -> Self {
        let krate = crate_path(&input.attrs, diag);
        let mut set =
            Self { ident: input.ident.clone(), krate: CratePath::new(krate.as_ref(), "pmcp_tasks"), parts: Vec::new() };
        let help = "derive it for the struct that holds what functions share";
        let fields = match &input.data {
            Data::Struct(data) => &data.fields,
            Data::Enum(data) => {
                diag.error(data.enum_token, "an enum has no parts that are always there", help);
                return set;
            }
            Data::Union(data) => {
                diag.error(data.union_token, "a union has no parts that are always there", help);
                return set;
            }
        };
        if !input.generics.params.is_empty() {
            diag.error(
                &input.generics,
                "a server's state cannot be generic",
                "name the types, or implement `FromRef` by hand",
            );
            return set;
        }
        let mut owners: HashMap<String, String> = HashMap::new();
        for (member, field) in fields.members().zip(fields) {
            if is_skipped(field, diag) {
                continue;
            }
            let ty = &field.ty;
            let name = member.to_token_stream().to_string();
            let shown = shown(ty);
            if let Some(first) = owners.get(&shown) {
                diag.error(
                    ty,
                    format_args!("`{first}` and `{name}` have the same type, so `State<{shown}>` could be either"),
                    "give one of them a type of its own, or mark it `#[from_ref(skip)]`",
                );
            } else {
                owners.insert(shown, name);
                set.parts.push(Part { member, ty: ty.clone() });
            }
        }
        set
    }
}

/// A type as people write it.
fn shown(ty: &Type) -> String {
    ty.to_token_stream().to_string().replace(" :: ", "::").replace(" < ", "<").replace(" >", ">").replace(" ,", ",")
}

/// `#[from_ref(crate = ::path)]` on the struct.
fn crate_path(attrs: &[Attribute], diag: &mut Diagnostics) -> Option<Path> {
    let attr = attrs.iter().find(|attr| attr.path().is_ident("from_ref"))?;
    let tokens = diag.take(arguments(attr, "#[from_ref(crate = ::path)]"))?;
    let mut keys = Keys::parse(tokens, &["crate"]);
    let path = keys.path("crate");
    diag.take(keys.finish(path))?
}

/// `#[from_ref(skip)]` on a field.
fn is_skipped(field: &Field, diag: &mut Diagnostics) -> bool {
    let Some(attr) = field.attrs.iter().find(|attr| attr.path().is_ident("from_ref")) else { return false };
    let Some(tokens) = diag.take(arguments(attr, "#[from_ref(skip)]")) else { return true };
    let mut keys = Keys::parse(tokens, &["skip"]);
    let skip = keys.flag("skip").unwrap_or_default();
    // A misspelt key says at least that the field is special.
    diag.take(keys.finish(skip)).unwrap_or(true)
}
