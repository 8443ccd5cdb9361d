//! `#[task_tool]`.

mod args;
pub(crate) mod arguments;
mod expand;
mod input;
mod model;
pub(crate) mod parameter;
pub(crate) mod place;
pub(crate) mod signature;
pub(crate) mod state;
mod stub;

use pmcp_macro_support::{Diagnostics, Fallback, SigFn};
use proc_macro2::TokenStream;
use quote::ToTokens;

use self::{args::TaskToolArgs, model::TaskTool, parameter::PARAMETER_ATTRIBUTES, place::Place};
use crate::surroundings::Surroundings;

/// Expands the attribute.
pub(crate) fn expand(args: TokenStream, item: TokenStream, around: &Surroundings) -> TokenStream {
    let mut diag = Diagnostics::new();
    let args = diag.take(TaskToolArgs::parse(args));
    let func = diag.take(SigFn::parse(item.clone(), "task_tool"));
    let place = func.as_ref().map_or(Place::Free, |func| Place::of(func, around));
    if matches!(place, Place::Again) {
        // The compiler says so of the function, and would once more of each thing that is made of it.
        let func = func.map(|func| func.without_attributes(&PARAMETER_ATTRIBUTES).into_token_stream());
        return diag.finish(func.unwrap_or_default());
    }
    let tokens = if let Some(tool) = TaskTool::build(args.as_ref(), func.as_ref(), &place, &mut diag) {
        tool.expand()
    } else {
        let item = func.as_ref().map_or(item, |func| place::kept(func).into_token_stream());
        Fallback::new(item)
            .strip_parameters(&PARAMETER_ATTRIBUTES)
            .stub(func.map(|func| stub::stub(args.as_ref(), &func, &place)).unwrap_or_default())
    };
    diag.finish(tokens)
}
