//! The types that derive [`TaskVariables`].

use serde_json::{Map, Value};

use super::Cells;
use crate::task::{FieldDefinition, VariableError};

/// The shared state of a task. Implemented by `#[derive(TaskVariables)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored as task variables",
    label = "not a `TaskVariables` type",
    note = "add `#[derive(TaskVariables)]` to `{Self}`, or use `TaskContext` with no type argument"
)]
pub trait TaskVariables: Default + Send + Sync + 'static {
    /// One handle a variable.
    type Variables<'a>;

    /// The handles over a task's cells.
    fn variables(cells: &Cells) -> Self::Variables<'_>;

    /// What each variable is, with its default.
    fn fields() -> Vec<FieldDefinition>;

    /// Every variable as JSON.
    ///
    /// # Errors
    /// A value does not serialise.
    fn write(&self) -> Result<Map<String, Value>, VariableError>;

    /// The state made of stored values; what is missing has its default.
    ///
    /// # Errors
    /// A value does not fit its variable's type.
    fn read(values: Map<String, Value>) -> Result<Self, VariableError>;
}

/// No variables.
impl TaskVariables for () {
    type Variables<'a> = ();

    fn variables(_: &Cells) {}

    fn fields() -> Vec<FieldDefinition> {
        Vec::new()
    }

    fn write(&self) -> Result<Map<String, Value>, VariableError> {
        Ok(Map::new())
    }

    fn read(_: Map<String, Value>) -> Result<Self, VariableError> {
        Ok(())
    }
}
