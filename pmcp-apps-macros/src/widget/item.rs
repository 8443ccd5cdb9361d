//! The struct that a widget stands on.

use pmcp_macro_support::error;
use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::{Attribute, Fields, Item};

/// A unit struct, as far as the macro looks at it.
pub(super) struct UnitStruct {
    pub(super) ident: Ident,
    pub(super) attrs: Vec<Attribute>,
}

impl UnitStruct {
    /// Reads the item.
    pub(super) fn parse(item: TokenStream) -> syn::Result<Self> {
        let wrong = |at: TokenStream| {
            Err(error(at, "a widget is a unit struct", "write `struct Board;`: what a page shows comes from tools"))
        };
        let item = match syn::parse2::<Item>(item)? {
            Item::Struct(item) => item,
            other => {
                // Behind attributes and visibility: the word that says what it is.
                let mut bare = other;
                strip(&mut bare);
                return wrong(bare.into_token_stream().into_iter().take(1).collect());
            }
        };
        match &item.fields {
            Fields::Unit => {}
            fields => return wrong(fields.to_token_stream()),
        }
        if !item.generics.params.is_empty() || item.generics.where_clause.is_some() {
            return Err(error(&item.generics, "a widget cannot be generic", "remove the parameters"));
        }
        Ok(Self { ident: item.ident, attrs: item.attrs })
    }

    /// A stand-in for one where it is none, so that uses of its name are no further mistakes.
    pub(super) fn named(item: TokenStream) -> Option<Self> {
        let (ident, attrs, generics) = match syn::parse2::<Item>(item).ok()? {
            Item::Struct(item) => (item.ident, item.attrs, item.generics),
            Item::Enum(item) => (item.ident, item.attrs, item.generics),
            Item::Union(item) => (item.ident, item.attrs, item.generics),
            _ => return None,
        };
        generics.params.is_empty().then_some(Self { ident, attrs })
    }

    /// Attributes of the struct that go for what is made beside it: whether it is there at all, and what the compiler is to say of it.
    /// Not `expect`, which asks for a warning in each place it stands at.
    pub(super) fn carried(&self) -> impl Iterator<Item = &Attribute> {
        const CARRIED: [&str; 5] = ["cfg", "allow", "warn", "deny", "forbid"];
        self.attrs.iter().filter(|attr| CARRIED.iter().any(|name| attr.path().is_ident(name)))
    }
}

/// Removes what stands before the keyword of the items that are taken for widgets.
fn strip(item: &mut Item) {
    let (attrs, vis) = match item {
        Item::Enum(item) => (&mut item.attrs, &mut item.vis),
        Item::Fn(item) => (&mut item.attrs, &mut item.vis),
        Item::Const(item) => (&mut item.attrs, &mut item.vis),
        Item::Mod(item) => (&mut item.attrs, &mut item.vis),
        Item::Trait(item) => (&mut item.attrs, &mut item.vis),
        Item::Type(item) => (&mut item.attrs, &mut item.vis),
        Item::Union(item) => (&mut item.attrs, &mut item.vis),
        Item::Impl(item) => return item.attrs.clear(),
        _ => return,
    };
    attrs.clear();
    *vis = syn::Visibility::Inherited;
}
