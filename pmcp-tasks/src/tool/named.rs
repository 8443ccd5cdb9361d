//! Types that are known to belong to a tool: how a step of a workflow names a tool, its arguments and its result.
//!
//! They are traits of the argument and the result, not associated types of the tool: a public function may take and return
//! private types, and what is said of a wrong one is said at that type.

use std::any::Any;

use serde_json::{Map, Value};

/// The type that stands for a tool, by its path. `#[task_tool]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tool",
    label = "not a tool",
    note = "annotate the function with `#[task_tool]`, and name it as it is imported: `tool = build_image`"
)]
pub trait NamedTool: 'static {
    /// The tool itself. Everything else that is said of it is said of this, so that a type which is no tool is one error.
    type Itself: 'static;
}

/// The type of a tool's arguments. `#[task_tool]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` are not the arguments of tool `{T}`",
    label = "not its arguments",
    note = "return the struct of the arguments of `{T}`: it is named after the function, or by `args = …`, or is the type of its `#[args]` parameter"
)]
pub trait ArgumentsOf<T> {
    /// The arguments one by one; none where a type of the user's takes the place of the list.
    const FIELDS: &'static [ArgumentField] = &[];
}

/// The type of a tool's result. `#[task_tool]` implements it.
#[diagnostic::on_unimplemented(
    message = "tool `{T}` does not give a `{Self}`",
    label = "not its result",
    note = "take what the function of `{T}` returns, as `&T`; as `Option<&T>` only where the step may be skipped"
)]
pub trait ResultOf<T> {}

/// One argument of a tool, as a field of the struct of all.
#[derive(Clone, Copy, Debug)]
pub struct ArgumentField {
    /// The name of the field.
    pub field: &'static str,
    /// Adds its value, which is of the field's type, to others under its name on the wire.
    pub encode: fn(&dyn Any, &mut Map<String, Value>),
}
