//! `#[workflow]`, and `#[step]` inside it.

mod args;
mod expand;
mod literal;
mod mapping;
#[cfg(test)]
mod mistakes;
mod model;
mod parameter;
mod passing;
mod signature;
mod specs;
mod step;
mod stub;

use pmcp_macro_support::{Diagnostics, ImplSig};
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;

use self::{
    args::{WorkflowArgs, misplaced},
    model::Workflow,
};

/// Expands the attribute.
pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut diag = Diagnostics::new();
    let args = diag.take(WorkflowArgs::parse(args));
    let block = diag.take(ImplSig::parse(item.clone(), "workflow"));
    let tokens = match (Workflow::build(args.as_ref(), block.as_ref(), &mut diag), block) {
        (Some(workflow), _) => workflow.expand(),
        (None, Some(block)) => stub::stub(args.as_ref(), &block),
        // Its steps would be one mistake more each.
        (None, None) => stub::without_steps(item),
    };
    diag.finish(tokens)
}

/// Reports `#[step]` on what is in no workflow.
pub(crate) fn stray(item: TokenStream) -> TokenStream {
    let mut diag = Diagnostics::new();
    diag.push(misplaced(name_of(&item)));
    diag.finish(item)
}

/// The name of an item, which follows its keyword.
fn name_of(item: &TokenStream) -> TokenStream {
    let mut tokens = item.clone().into_iter();
    let keywords = ["fn", "struct", "enum", "const", "static", "type", "mod", "trait"];
    let is_keyword = |token: &TokenTree| keywords.contains(&token.to_string().as_str());
    let _ = tokens.by_ref().find(is_keyword);
    tokens.next().map_or_else(|| item.clone(), ToTokens::into_token_stream)
}
