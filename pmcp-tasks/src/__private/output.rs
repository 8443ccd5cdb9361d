//! Results and errors of a tool's function.

use serde_json::Value;

use crate::tool::{ToolError, ToolOutput, ToolResult};

/// Functions that make a tool's result of a function's value.
pub struct OutputSpec<T> {
    /// Converts it.
    pub convert: fn(T) -> Result<ToolResult, ToolError>,
    /// Describes its structured content, if it has one.
    pub schema: fn() -> Option<Value>,
    /// Describes it with the Rust names of its types.
    pub named: fn() -> Option<Value>,
}

/// The type of a function's value.
#[must_use]
pub fn output<T: ToolOutput<Form>, Form>() -> OutputSpec<T> {
    OutputSpec { convert: T::into_result, schema: T::schema, named: T::named_schema }
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
pub trait AnyResult: Sized {
    /// The value.
    type Value;
    /// The error.
    type Error;
    /// The same type: what generated code says of it, it says of this, so that a type which is no `Result` is one error.
    type Itself;

    /// The same without its alias.
    ///
    /// # Errors
    /// It is one.
    fn parts(self) -> Result<Self::Value, Self::Error>;
}

impl<T, E> AnyResult for Result<T, E> {
    type Error = E;
    type Itself = Self;
    type Value = T;

    fn parts(self) -> Self {
        self
    }
}

/// The type of a function's result.
#[must_use]
pub fn result<R, Form>() -> OutputSpec<R>
where
    R: AnyResult,
    R::Value: ToolOutput<Form>,
    R::Error: ToolFailure,
{
    OutputSpec {
        convert: |result| result.parts().map_err(Into::into).and_then(ToolOutput::into_result),
        schema: <R::Value as ToolOutput<Form>>::schema,
        named: <R::Value as ToolOutput<Form>>::named_schema,
    }
}
