//! `#[widget]`.

mod args;
mod expand;
mod item;
mod lists;
mod model;
mod read;
mod stub;

use std::{env, path::PathBuf};

use pmcp_macro_support::{Diagnostics, Fallback};
use proc_macro2::TokenStream;

use self::{args::WidgetArgs, item::UnitStruct, model::Widget, read::Read};

/// The crate that is compiled, as Cargo tells it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Surroundings {
    /// The directory of its manifest.
    pub(crate) crate_dir: PathBuf,
    pub(crate) version: String,
}

impl Surroundings {
    /// The crate that calls the macro.
    pub(crate) fn here() -> Self {
        Self {
            crate_dir: env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default(),
            version: env::var("CARGO_PKG_VERSION").unwrap_or_default(),
        }
    }
}

/// Expands the attribute.
pub(crate) fn expand(args: TokenStream, item: TokenStream, around: &Surroundings) -> TokenStream {
    let mut diag = Diagnostics::new();
    let args = diag.take(WidgetArgs::parse(args));
    let of = diag.take(UnitStruct::parse(item.clone()));
    let read = args.as_ref().and_then(|args| Read::of(args, of.as_ref(), around, &mut diag));
    let files = expand::files(read.as_ref());
    let tokens = match Widget::build(args.as_ref(), of.as_ref(), read, &mut diag) {
        Some(widget) => widget.expand(&item),
        None => Fallback::new(item).stub(stub::stub(args.as_ref(), of.as_ref())),
    };
    diag.finish(tokens.into_iter().chain(files).collect())
}
