//! Types that are known to belong to a tool: how a step of a workflow, a call or a widget names a tool, its arguments and its result.
//!
//! They are traits of the argument and the result, not associated types of the tool: a public function may take and return
//! private types, and what is said of a wrong one is said at that type.

use std::any::Any;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// The type that stands for a tool, by its path. `#[task_tool]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tool",
    label = "not a tool",
    note = "annotate the function with `#[task_tool]`, and name it as it is imported: `tool = build_image`, `call::<build_image>(…)`, `tools(build_image)`"
)]
pub trait NamedTool: 'static {
    /// Its name, as clients call it.
    const NAME: &'static str;

    /// The tool itself. Everything else that is said of it is said of this, so that a type which is no tool is one error.
    type Itself: 'static;
}

/// The type of a tool's arguments. `#[task_tool]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` are not the arguments of tool `{T}`",
    label = "not its arguments",
    note = "write the struct of the arguments of `{T}`: it is named after the function, or by `args = …`, or is the type of its `#[args]` parameter"
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

/// A tool with this type of result, which is one: the compiler finds it. `#[task_tool]` implements it.
///
/// It says of the tool what [`ResultOf`] says of the result: what a step takes is written there, and is judged; what a call gives
/// is written nowhere, and is inferred.
#[diagnostic::on_unimplemented(
    message = "tool `{Self}` does not give a `{R}`",
    label = "not its result",
    note = "a call gives what the function of `{Self}` returns"
)]
pub trait Gives<R> {}

/// Type of arguments that a step can write.
#[diagnostic::on_unimplemented(
    message = "a step cannot write the arguments `{Self}`: they do not serialise",
    label = "not writable",
    note = "derive `Serialize` for `{Self}` and the types inside it, beside `Deserialize`"
)]
pub trait WritableArguments: Serialize {}

#[diagnostic::do_not_recommend]
impl<T: Serialize> WritableArguments for T {}

/// Type of a tool's result that a step takes.
#[diagnostic::on_unimplemented(
    message = "the result of a tool cannot be read by a step: `{Self}` does not deserialise",
    label = "not readable",
    note = "derive `Deserialize` for `{Self}` and the types inside it, beside `Serialize`"
)]
pub trait ReadableResult: DeserializeOwned + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + Send + 'static> ReadableResult for T {}

/// One argument of a tool, as a field of the struct of all.
#[derive(Clone, Copy, Debug)]
pub struct ArgumentField {
    /// The name of the field.
    pub field: &'static str,
    /// Adds its value, which is of the field's type, to others under its name on the wire.
    pub encode: fn(&dyn Any, &mut Map<String, Value>),
}
