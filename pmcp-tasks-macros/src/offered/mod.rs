//! `#[prompt]`, `#[resource]` and `#[complete]`: functions behind what a server offers beside tools. They share their parameters, and differ
//! in what they declare and give.

mod args;
mod expand;
mod kind;
mod model;
mod parameter;
mod stub;
mod template;

use pmcp_macro_support::{Diagnostics, Fallback, SigFn};
use proc_macro2::TokenStream;
use quote::ToTokens;

pub(crate) use self::kind::Kind;
use self::{
    args::OfferedArgs,
    model::{Offered, kept},
    parameter::parameter_attributes,
};
use crate::{surroundings::Surroundings, task_tool::place::Place};

/// Expands the attribute.
pub(crate) fn expand(kind: Kind, args: TokenStream, item: TokenStream, around: &Surroundings) -> TokenStream {
    let mut diag = Diagnostics::new();
    let args = diag.take(OfferedArgs::parse(kind, args));
    let func = diag.take(SigFn::parse(item.clone(), kind.attribute()));
    let place = func.as_ref().map_or(Place::Free, |func| Place::of(func, around));
    let attributes = parameter_attributes();
    if matches!(place, Place::Again) {
        // The compiler says so of the function, and would once more of the type that stands for it.
        let func = func.map(|func| func.without_attributes(&attributes).into_token_stream());
        return diag.finish(func.unwrap_or_default());
    }
    let tokens = if let Some(offered) = Offered::build(kind, args.as_ref(), func.as_ref(), &place, &mut diag) {
        offered.expand()
    } else {
        let item = func.as_ref().map_or(item, |func| kept(func).into_token_stream());
        Fallback::new(item)
            .strip_parameters(&attributes)
            .stub(func.map(|func| stub::stub(kind, args.as_ref(), &func, &place)).unwrap_or_default())
    };
    diag.finish(tokens)
}
