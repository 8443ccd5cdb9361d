//! The grammar of `#[prompt(…)]`, `#[resource(…)]` and `#[complete(…)]`.

use pmcp_macro_support::Keys;
use proc_macro2::TokenStream;
use syn::{LitStr, Path};

use super::kind::Kind;
use crate::{
    shown::{Annotations, Icon, MetaObject, annotations, icons, meta},
    values::scopes,
};

/// Arguments of the attribute. `None` is what it leaves out.
#[derive(Default)]
pub(super) struct OfferedArgs {
    pub(super) uri: Option<LitStr>,
    pub(super) name: Option<LitStr>,
    pub(super) title: Option<LitStr>,
    pub(super) description: Option<LitStr>,
    pub(super) mime: Option<LitStr>,
    pub(super) icons: Vec<Icon>,
    pub(super) annotations: Annotations,
    pub(super) meta: Option<MetaObject>,
    /// The scopes that its callers need.
    pub(super) scopes: Vec<String>,
    pub(super) krate: Option<Path>,
}

/// The keys of a kind, in the order of the documentation.
fn keys(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Prompt => &["name", "title", "description", "icons", "scopes", "meta", "crate"],
        Kind::Resource => {
            &["uri", "name", "title", "description", "mime", "icons", "audience", "priority", "scopes", "meta", "crate"]
        }
        Kind::Completion => &["crate"],
    }
}

impl OfferedArgs {
    /// Reads the arguments.
    pub(super) fn parse(kind: Kind, args: TokenStream) -> syn::Result<Self> {
        let known = keys(kind);
        let mut keys = Keys::parse(args, known);
        // A key that the kind does not have was reported as unknown, and has no value.
        let mut text = |key: &str| keys.string(key);
        let (uri, name, title, description, mime) =
            (text("uri"), text("name"), text("title"), text("description"), text("mime"));
        let (icons, meta, annotations) = (icons(&mut keys), meta(&mut keys), annotations(&mut keys));
        let scopes = scopes(&mut keys, "scopes");
        let krate = keys.path("crate");
        keys.finish(Self { uri, name, title, description, mime, icons, annotations, meta, scopes, krate })
    }
}
