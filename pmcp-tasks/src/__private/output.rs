//! Results and errors of a tool's function.

use serde_json::Value;

use crate::tool::{ToolError, ToolOutput, ToolResult};

/// Functions that make a tool's result of a function's value.
pub struct OutputSpec<T> {
    /// Converts it.
    pub convert: fn(T) -> Result<ToolResult, ToolError>,
    /// Describes its structured content, if it has one.
    pub schema: fn() -> Option<Value>,
}

/// The type of a function's value.
#[must_use]
pub fn output<T: ToolOutput<Form>, Form>() -> OutputSpec<T> {
    OutputSpec { convert: T::into_result, schema: T::schema }
}

/// Type the error of a tool's function may have.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a tool",
    label = "not a tool's error",
    note = "return `ToolError`: `?` makes one of every error, and `.map_err(ToolError::new)` tells the model what an error says",
    note = "errors are those that implement `std::error::Error`, `Box<dyn Error + Send + Sync>`, `anyhow::Error`, and texts for the model"
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
pub trait AnyResult<Form>: Sized {
    /// Returns the functions that make a tool's result of it.
    fn spec() -> OutputSpec<Self>;
}

impl<T: ToolOutput<Form>, Form, E: ToolFailure> AnyResult<Form> for Result<T, E> {
    fn spec() -> OutputSpec<Self> {
        OutputSpec { convert: |result| result.map_err(E::into).and_then(T::into_result), schema: T::schema }
    }
}

/// The type of a function's result.
#[must_use]
pub fn result<R: AnyResult<Form>, Form>() -> OutputSpec<R> {
    R::spec()
}
