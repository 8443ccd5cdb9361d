//! Keys for how clients show what is offered, and to whom: `icons`, `audience`, `priority`, `meta`. The first and the last are for all of it,
//! the others for resources.

mod annotations;
mod icon;
mod meta;

use proc_macro2::TokenStream;
use quote::quote;

pub(crate) use self::{
    annotations::{Annotations, annotations},
    icon::{Icon, icons},
    meta::{MetaObject, meta},
};

/// Writes the field of a definition that has its icons, if there are any.
pub(crate) fn icons_field(icons: &[Icon], p: &TokenStream) -> Option<TokenStream> {
    let icons = icons.iter().map(|icon| icon.expand(p)).collect::<Vec<_>>();
    (!icons.is_empty()).then(|| quote!(icons: ::core::convert::From::from([#(#icons),*]),))
}

/// Writes the field of a definition that has its `_meta`, if it has one.
pub(crate) fn meta_field(meta: Option<&MetaObject>, p: &TokenStream) -> Option<TokenStream> {
    meta.map(|meta| {
        let meta = meta.expand(p);
        quote!(meta: #meta,)
    })
}
