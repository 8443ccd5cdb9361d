//! `#[widget]`.

mod args;
mod expand;
mod item;
mod lists;
mod model;
mod named;
mod read;
mod stub;
mod surroundings;

use pmcp_macro_support::{Diagnostics, Fallback};
use proc_macro2::TokenStream;

pub(crate) use self::surroundings::Surroundings;
use self::{args::WidgetArgs, item::UnitStruct, model::Widget, read::Read};

/// Expands the attribute.
pub(crate) fn expand(args: TokenStream, item: TokenStream, around: &Surroundings) -> TokenStream {
    let mut diag = Diagnostics::new();
    let args = diag.take(WidgetArgs::parse(args));
    let of = diag.take(UnitStruct::parse(item.clone()));
    let read = args.as_ref().and_then(|args| Read::of(args, of.as_ref(), around, &mut diag));
    let files = expand::files(read.as_ref());
    let tokens = if let Some(widget) = Widget::build(args.as_ref(), of.as_ref(), read, &mut diag) {
        widget.expand(&item)
    } else {
        let named = of.or_else(|| UnitStruct::named(item.clone()));
        Fallback::new(item).stub(stub::stub(args.as_ref(), named.as_ref()))
    };
    diag.finish(tokens.into_iter().chain(files).collect())
}
