//! The checked form of a workflow.

use std::collections::HashSet;

use heck::ToSnakeCase;
use pmcp_macro_support::{CratePath, Diagnostics, ImplSig, ImplSigItem, description, last_segment};
use quote::ToTokens;
use syn::{LitStr, Type, ext::IdentExt};

use super::{
    args::{Start, WorkflowArgs, is_step, misplaced},
    step::{Marked, Step},
};
use crate::{
    name,
    shown::{Icon, MetaObject},
    values::Millis,
};

/// A workflow.
pub(super) struct Workflow {
    pub(super) block: ImplSig,
    pub(super) krate: CratePath,
    pub(super) name: String,
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) icons: Vec<Icon>,
    pub(super) ttl: Option<Millis>,
    /// The scopes that its callers need.
    pub(super) scopes: Vec<String>,
    pub(super) start: Option<Start>,
    pub(super) finish_on_cancel: bool,
    pub(super) meta: Option<MetaObject>,
    pub(super) steps: Vec<Step>,
}

impl Workflow {
    /// Checks everything that grammar leaves open. Arguments that did not parse are taken as none were given.
    pub(super) fn build(args: Option<&WorkflowArgs>, block: Option<&ImplSig>, diag: &mut Diagnostics) -> Option<Self> {
        let none = WorkflowArgs::default();
        let given = args.unwrap_or(&none);
        let block = block?;
        check_block(block, diag);
        // The functions are those of the trait.
        if block.trait_.is_some() {
            return None;
        }
        check_items(block, diag);
        let name = workflow_name(&block.self_ty, given.name.as_ref(), diag);
        let marked: Vec<Marked<'_>> = block
            .functions()
            .filter(|func| func.attrs.iter().any(is_step))
            .map(|func| Marked::build(func, diag))
            .collect();
        let known: Vec<_> = marked.iter().map(Marked::known).collect();
        if marked.is_empty() {
            diag.error(&block.self_ty, "a workflow needs a step", "mark a function in this `impl` with `#[step]`");
        }
        let mut seen = HashSet::new();
        for (step, known) in marked.iter().zip(&known) {
            if !seen.insert(known.name.as_str()) {
                let message = format!("two steps are named `{}`", known.name);
                diag.error(&step.func.sig.ident, message, "rename one of them");
            }
        }
        let steps: Vec<Option<Step>> =
            marked.into_iter().enumerate().map(|(at, marked)| marked.step(&known, at, diag)).collect();
        if args.is_none() || diag.has_errors() {
            return None;
        }
        Some(Self {
            block: block.clone(),
            krate: CratePath::new(given.krate.as_ref(), "pmcp_tasks"),
            name: name?,
            title: given.title.as_ref().map(LitStr::value),
            description: given.description.as_ref().map(LitStr::value).or_else(|| description(&block.attrs)),
            icons: given.icons.clone(),
            ttl: given.ttl.map(|ttl| ttl.value),
            scopes: given.scopes.clone(),
            start: given.start.map(|start| start.value),
            finish_on_cancel: given.finish_on_cancel,
            meta: given.meta.clone(),
            steps: steps.into_iter().collect::<Option<_>>()?,
        })
    }
}

fn workflow_name(ty: &Type, given: Option<&LitStr>, diag: &mut Diagnostics) -> Option<String> {
    let Some(segment) = last_segment(ty) else {
        diag.error(ty, "a workflow is a struct of its arguments", "name the struct here");
        return None;
    };
    let default = segment.ident.unraw().to_string().to_snake_case();
    Some(name::checked("workflow", given, (&segment.ident, default), diag))
}

fn check_block(block: &ImplSig, diag: &mut Diagnostics) {
    if let Some(of) = &block.trait_ {
        diag.error(of, "`#[workflow]` goes on an `impl` without a trait", "move the steps to an `impl` of their own");
    }
    if !block.generics.params.is_empty() {
        diag.error(&block.generics, "a workflow cannot be generic", "name the types");
    } else if let Some(clause) = &block.generics.where_clause {
        diag.error(clause, "a workflow cannot have a `where` clause", "remove it");
    }
    let mut again = block
        .attrs
        .iter()
        .filter(|attr| attr.path().segments.last().is_some_and(|segment| segment.ident == "workflow"));
    if let Some(again) = again.next() {
        diag.error(again, "`#[workflow]` is given twice", "write all of it in one `#[workflow(…)]`");
    }
}

/// Reports steps that are no functions.
fn check_items(block: &ImplSig, diag: &mut Diagnostics) {
    for item in &block.items {
        if let ImplSigItem::Other(attrs, _) = item {
            for attr in attrs.iter().filter(|attr| is_step(attr)) {
                diag.push(misplaced(attr.to_token_stream()));
            }
        }
    }
}
