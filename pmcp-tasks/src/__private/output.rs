//! Results and errors of a tool's function.

use serde_json::Value;

use crate::tool::{ToolError, ToolOutput, ToolResult, output_schema, tool_result};

/// Functions that make a tool's result of a function's value.
pub struct OutputSpec<T> {
    /// Converts it.
    pub convert: fn(T) -> Result<ToolResult, ToolError>,
    /// Describes its structured content, if it has one.
    pub schema: fn() -> Option<Value>,
}

/// The type of a function's value.
#[must_use]
pub fn output<T: ToolOutput>() -> OutputSpec<T> {
    OutputSpec { convert: tool_result, schema: output_schema::<T> }
}

/// Type the error of a tool's function may have.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a tool",
    label = "not a tool's error",
    note = "implement `std::error::Error` for `{Self}`, or return `ToolError`"
)]
pub trait ToolFailure: Into<ToolError> {}

#[diagnostic::do_not_recommend]
impl<E: Into<ToolError>> ToolFailure for E {}

/// Returns the function that makes a tool's error of a function's error.
#[must_use]
pub fn failure<E: ToolFailure>() -> fn(E) -> ToolError {
    E::into
}

/// A `Result` by an alias, which hides what it is made of.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the standard library's `Result`",
    label = "not a `Result`",
    note = "a return type called `Result` is taken for the standard library's, or for an alias of it"
)]
pub trait AnyResult: Sized {
    /// Returns the functions that make a tool's result of it.
    fn spec() -> OutputSpec<Self>;
}

impl<T: ToolOutput, E: ToolFailure> AnyResult for Result<T, E> {
    fn spec() -> OutputSpec<Self> {
        OutputSpec { convert: |result| result.map_err(E::into).and_then(tool_result), schema: output_schema::<T> }
    }
}

/// The type of a function's result.
#[must_use]
pub fn result<R: AnyResult>() -> OutputSpec<R> {
    R::spec()
}
