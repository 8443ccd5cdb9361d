//! Macros of pmcp-tasks: `#[task_tool]`, `#[workflow]`, `#[prompt]`, `#[resource]`, `#[complete]`, `#[derive(TaskVariables)]`, `#[derive(Form)]`, `#[derive(FromRef)]`.
//!
//! They are documented where they are re-exported, in `pmcp-tasks`.

use proc_macro::TokenStream;

mod default;
#[cfg(test)]
mod expansion;
mod form;
mod from_ref;
mod name;
mod namesake;
mod offered;
mod output;
mod owned;
mod serde;
mod shown;
mod surroundings;
mod task_tool;
mod task_variables;
#[cfg(test)]
mod told;
mod uri;
mod values;
mod workflow;

/// Makes a tool of an async function.
#[proc_macro_attribute]
pub fn task_tool(args: TokenStream, item: TokenStream) -> TokenStream {
    task_tool::expand(args.into(), item.into(), &surroundings::Surroundings::here()).into()
}

/// Makes a workflow of the functions on a struct of arguments.
#[proc_macro_attribute]
pub fn workflow(args: TokenStream, item: TokenStream) -> TokenStream {
    workflow::expand(args.into(), item.into()).into()
}

/// Marks a step of a workflow; by itself it is a mistake.
#[proc_macro_attribute]
pub fn step(_: TokenStream, item: TokenStream) -> TokenStream {
    workflow::stray(item.into()).into()
}

/// Makes a prompt of an async function.
#[proc_macro_attribute]
pub fn prompt(args: TokenStream, item: TokenStream) -> TokenStream {
    let around = surroundings::Surroundings::here();
    offered::expand(offered::Kind::Prompt, args.into(), item.into(), &around).into()
}

/// Makes a resource of an async function, or a template of resources.
#[proc_macro_attribute]
pub fn resource(args: TokenStream, item: TokenStream) -> TokenStream {
    let around = surroundings::Surroundings::here();
    offered::expand(offered::Kind::Resource, args.into(), item.into(), &around).into()
}

/// Makes suggestions for arguments of an async function.
#[proc_macro_attribute]
pub fn complete(args: TokenStream, item: TokenStream) -> TokenStream {
    let around = surroundings::Surroundings::here();
    offered::expand(offered::Kind::Completion, args.into(), item.into(), &around).into()
}

/// Makes a struct the shared state of a task.
#[proc_macro_derive(TaskVariables, attributes(variable, task_variables, serde))]
pub fn task_variables(item: TokenStream) -> TokenStream {
    task_variables::expand(item.into()).into()
}

/// Makes a type one that users can be asked for.
#[proc_macro_derive(Form, attributes(form, schemars, serde, validate))]
pub fn form(item: TokenStream) -> TokenStream {
    form::expand(item.into()).into()
}

/// Provides the fields of a server's state to functions.
#[proc_macro_derive(FromRef, attributes(from_ref))]
pub fn from_ref(item: TokenStream) -> TokenStream {
    from_ref::expand(item.into()).into()
}
