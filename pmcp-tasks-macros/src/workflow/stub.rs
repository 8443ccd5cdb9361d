//! Stand-in for a workflow that could not be made.

use std::collections::HashSet;

use pmcp_macro_support::{CratePath, ImplSig, ImplSigItem, last_segment, strip_attributes};
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};

use super::{
    args::{WorkflowArgs, is_step, named_types},
    parameter::PARAMETER_ATTRIBUTES,
};

/// The user's `impl`, with all that success would define, so that uses of it are no further errors.
pub(super) fn stub(args: Option<&WorkflowArgs>, block: &ImplSig) -> TokenStream {
    let mut kept = block.clone();
    let is_workflow =
        |attr: &syn::Attribute| attr.path().segments.last().is_some_and(|segment| segment.ident == "workflow");
    kept.attrs.retain(|attr| !is_workflow(attr));
    // Of steps with one name the first is kept: that there are two was told.
    let mut seen = HashSet::new();
    kept.items.retain(|item| match item {
        ImplSigItem::Fn(func) if func.attrs.iter().any(is_step) => seen.insert(func.sig.ident.to_string()),
        _ => true,
    });
    for item in &mut kept.items {
        match item {
            ImplSigItem::Fn(func) => {
                if func.attrs.iter().any(is_step) {
                    strip_attributes(&mut func.sig, &PARAMETER_ATTRIBUTES);
                }
                func.attrs.retain(|attr| !is_step(attr));
            }
            ImplSigItem::Other(attrs, _) => attrs.retain(|attr| !is_step(attr)),
        }
    }
    if !block.generics.params.is_empty() || last_segment(&block.self_ty).is_none() || block.trait_.is_some() {
        return kept.to_token_stream();
    }
    let p = CratePath::new(args.and_then(|args| args.krate.as_ref()), "pmcp_tasks").private();
    let (ty, cfgs) = (&block.self_ty, block.cfgs());
    // What only the marks of steps name is no unused import.
    let named = block.functions().flat_map(|func| named_types(&func.attrs)).enumerate().map(|(at, ty)| {
        let alias = Ident::new(&format!("__pmcp_{at}"), Span::call_site());
        quote!(type #alias = #ty;)
    });
    quote! {
        // What is wrong in it was told.
        #[allow(dead_code)]
        #kept

        #(#cfgs)*
        #[allow(dead_code, non_camel_case_types)]
        const _: () = {
            #(#named)*

            impl<__PmcpState> #p::Workflow<__PmcpState> for #ty {
                fn definition() -> #p::WorkflowDefinition {
                    ::core::default::Default::default()
                }

                fn tools() -> ::std::vec::Vec<#p::WorkflowTool<__PmcpState>> {
                    ::std::vec::Vec::new()
                }

                fn read(_: #p::Values) -> ::core::result::Result<Self, #p::ArgumentError> {
                    ::core::result::Result::Err(#p::ArgumentError { message: ::std::string::String::new() })
                }

                fn resolve(
                    &self,
                    _: &__PmcpState,
                    _: ::core::primitive::usize,
                    _: &#p::Outputs,
                    _: &#p::Values,
                ) -> #p::Resolved {
                    #p::no_step()
                }

                fn run<'a>(
                    &'a self,
                    _: &'a __PmcpState,
                    _: ::core::primitive::usize,
                    _: &'a #p::Outputs,
                    _: &'a #p::RunContext,
                ) -> #p::BoxFuture<'a, ::core::result::Result<#p::serde_json::Value, #p::StepFailure>> {
                    #p::not_run()
                }
            }
        };
    }
}

/// An item that is no `impl`, or one that does not parse, without the marks of its steps.
pub(super) fn without_steps(item: TokenStream) -> TokenStream {
    let item = item.into_iter().map(|token| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
            let mut stripped = Group::new(group.delimiter(), without_marks(group.stream()));
            stripped.set_span(group.span());
            stripped.into()
        }
        token => token,
    });
    item.collect()
}

fn without_marks(tokens: TokenStream) -> TokenStream {
    let mut kept = Vec::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let is_hash = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '#');
        let is_mark = |group: &Group| group.stream().into_iter().any(|token| token.to_string() == "step");
        match tokens.peek() {
            Some(TokenTree::Group(group)) if is_hash && group.delimiter() == Delimiter::Bracket && is_mark(group) => {
                tokens.next();
            }
            _ => kept.push(token),
        }
    }
    kept.into_iter().collect()
}
