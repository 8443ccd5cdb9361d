//! Types that a workflow and its steps are made of.
//!
//! Each type of the user's has its bounds in one place, at a function that returns a spec of it: everything else is free of
//! bounds, so that a type which does not do is one error, at that type.

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{arguments::input_schema, values::Values};
use crate::{
    context::{StepValue, TaskVariables},
    exact,
    protocol::ByName,
    schema::json as schema,
    task::{FieldDefinition, VariableError},
    tool::{ArgumentError, ReadableResult, ResultOf, ToolError, misfit, read_as_written, read_result},
    workflow,
};

/// Type of a workflow's arguments.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the arguments of a prompt",
    label = "not the arguments of a prompt",
    note = "derive `Deserialize` and `JsonSchema` (of schemars 1) for `{Self}`, a struct with named fields"
)]
pub trait PromptObject: DeserializeOwned + JsonSchema + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + JsonSchema + Send + Sync + 'static> PromptObject for T {}

/// Functions that read and describe a workflow's arguments.
pub struct PromptSpec<T> {
    /// Reads them.
    pub read: fn(Values) -> Result<T, ArgumentError>,
    /// Describes them.
    pub schema: fn() -> Value,
    /// Tells their names in the order in which they are declared, if the type says it.
    pub order: fn() -> &'static [&'static str],
}

/// The type of a workflow's arguments.
#[must_use]
pub fn prompt<T: PromptObject>() -> PromptSpec<T> {
    PromptSpec { read: workflow::read, schema: input_schema::<T>, order: workflow::names::<T> }
}

impl<T> PromptSpec<T> {
    /// The words about the type itself.
    #[must_use]
    pub fn description(&self) -> Option<String> {
        (self.schema)().get("description").and_then(Value::as_str).map(Into::into)
    }
}

/// Functions that write, read and describe the result of a step.
pub struct StepSpec<T> {
    /// Writes it, so that it reads back as itself.
    pub record: fn(&T) -> Result<Value, ToolError>,
    /// Reads it; the error says where it does not fit.
    pub read: fn(&Value) -> Result<T, String>,
    /// Tells whether it can be read, and what is recorded of it if not the value as it is.
    pub check: fn(&Value) -> Result<Option<Value>, String>,
    /// Describes it.
    pub schema: fn() -> Option<Value>,
}

impl<T> StepSpec<T> {
    /// Tells whether a result can be read, and what is recorded of it if not the value as it is.
    ///
    /// # Errors
    /// It does not fit the type; one sentence that says where.
    pub fn check(&self, value: &Value) -> Result<Option<Value>, String> {
        (self.check)(value)
    }
}

/// The type of the result of a step that the server runs.
#[must_use]
pub fn step_value<T: StepValue>() -> StepSpec<T> {
    let check = |value: &Value| read_as_written::<T>(value).map(|_| None);
    StepSpec { record, read: read_as_written, check, schema: || None }
}

/// Type of what a client gives.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be what a client gives",
    label = "not the output of a client",
    note = "derive `Serialize`, `Deserialize` and `JsonSchema` (of schemars 1) for `{Self}` and the types inside it"
)]
pub trait ClientOutput: Serialize + DeserializeOwned + JsonSchema + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + JsonSchema + Send + 'static> ClientOutput for T {}

/// The type of the result of a step that the client does without a tool.
#[must_use]
pub fn client_output<T: ClientOutput>() -> StepSpec<T> {
    // What the type makes of it, as of every other result. What it does not write again stays as it came.
    let check = |value: &Value| read_as_meant::<T>(value).map(|read| record(&read).ok());
    StepSpec { record, read: read_as_meant, check, schema: || Some(schema::of::<T>()) }
}

/// The type of a step's result. `#[workflow]` implements it.
#[diagnostic::on_unimplemented(
    message = "step `{Step}` does not give a `{Self}`",
    label = "not its result",
    note = "take the type of the result of `{Step}`, as `&T`; as `Option<&T>` only where the step may be skipped"
)]
pub trait OutputOf<Step>: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// It does not fit the type; one sentence that says where.
    fn read(value: &Value) -> Result<Self, String>;
}

/// A result of an earlier step, as a parameter.
pub struct Input<T> {
    pub(super) step: &'static str,
    pub(super) read: fn(&Value) -> Result<T, String>,
}

impl<T> Input<T> {
    /// Tells whether a result can be read. It is recorded as it is: its type need not write it.
    ///
    /// # Errors
    /// It does not fit the type; one sentence that says where.
    pub fn check(&self, value: &Value) -> Result<Option<Value>, String> {
        (self.read)(value).map(|_| None)
    }
}

/// The result of a step that calls no tool.
#[must_use]
pub fn output_of<Step, T: OutputOf<Step>>(step: &'static str) -> Input<T> {
    Input { step, read: T::read }
}

/// The result of a step that calls this tool.
#[must_use]
pub fn result_of<Tool, T: ResultOf<Tool> + ReadableResult>(step: &'static str) -> Input<T> {
    Input { step, read: read_result }
}

fn record<T: Serialize + DeserializeOwned>(value: &T) -> Result<Value, ToolError> {
    let about = |mistake: crate::error::Mistake| ToolError::from(mistake.about("the result of the step"));
    let (bytes, _) = exact::read_back(value).map_err(about)?;
    Ok(serde_json::from_slice(&bytes)?)
}

/// A value of a client, which means what it equals.
fn read_as_meant<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    serde_path_to_error::deserialize(ByName(value)).map_err(|error| misfit(&error))
}

/// Functions that read and describe the variables of a workflow's tasks.
pub struct VariablesSpec<V> {
    /// Reads them.
    pub read: fn(&Map<String, Value>) -> Result<V, VariableError>,
    /// Describes them.
    pub fields: fn() -> Vec<FieldDefinition>,
}

/// The type of a parameter marked `#[variables]`.
#[must_use]
pub fn variables<V: TaskVariables>() -> VariablesSpec<V> {
    VariablesSpec { read: |values| V::read(values.clone()), fields: V::fields }
}

/// The same type as another step's variables.
#[diagnostic::on_unimplemented(
    message = "a workflow has one type of variables: this step takes `{Self}`, an earlier one `{V}`",
    label = "not `{V}`",
    note = "put the fields of both into one struct, and take that in every step"
)]
pub trait SameVariables<V> {}

impl<V> SameVariables<V> for V {}

/// Says that two steps have one type of variables.
pub fn same_variables<V: SameVariables<First>, First>() {}
