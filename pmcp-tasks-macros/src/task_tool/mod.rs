//! `#[task_tool]`.

mod args;
mod arguments;
mod expand;
mod input;
mod model;
mod output;
mod owned;
mod parameter;
mod stub;

use pmcp_macro_support::{Diagnostics, Fallback, SigFn};
use proc_macro2::TokenStream;

use self::{args::TaskToolArgs, model::TaskTool, parameter::PARAMETER_ATTRIBUTES};

/// Expands the attribute.
pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut diag = Diagnostics::new();
    let args = diag.take(TaskToolArgs::parse(args));
    let func = diag.take(SigFn::parse(item.clone(), "task_tool"));
    let tokens = match TaskTool::build(args.as_ref(), func.as_ref(), &mut diag) {
        Some(tool) => tool.expand(),
        None => Fallback::new(item)
            .strip_parameters(&PARAMETER_ATTRIBUTES)
            .stub(func.map(|func| stub::stub(args.as_ref(), &func)).unwrap_or_default()),
    };
    diag.finish(tokens)
}
