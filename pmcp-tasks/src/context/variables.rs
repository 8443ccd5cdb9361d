//! All variables of a task: the type that derives [`TaskVariables`], and the cells they live in.

use std::{fmt, sync::Arc};

use serde_json::{Map, Value};

use crate::{
    run::{Read, Run},
    task::{FieldDefinition, VariableError},
};

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

    /// Describes each variable, with its default.
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

/// Number of times a change is tried again while other processes change the same variable.
pub(super) const ATTEMPTS: usize = 64;

/// The cells a task's variables live in.
#[derive(Clone)]
pub struct Cells {
    pub(super) run: Arc<Run>,
}

impl fmt::Debug for Cells {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cells")
    }
}

impl Cells {
    pub(crate) fn new(run: Arc<Run>) -> Self {
        Self { run }
    }

    /// Every variable, read in one operation.
    ///
    /// # Errors
    /// A stored value has another type, or the store failed.
    pub async fn read<V: TaskVariables>(&self) -> Result<V, VariableError> {
        V::read(self.run.variables().await?.values)
    }

    /// Changes several variables in one durable write: reads them, applies `change`, writes those that differ. When
    /// somebody else changed one of them in between, it starts over, so `change` may run several times.
    ///
    /// # Errors
    /// A value does not serialise, the variables would be too large, the task is lost, or the store failed.
    pub async fn update<V: TaskVariables>(&self, mut change: impl FnMut(&mut V) + Send) -> Result<V, VariableError> {
        let _turn = self.run.variable_turn().await;
        let mut contended = String::new();
        for _ in 0..ATTEMPTS {
            let stored = self.run.variables().await?;
            let (state, changed) = changed(&stored, &mut change)?;
            if changed.is_empty() {
                return Ok(state);
            }
            match self.run.set_if(&stored, changed).await? {
                None => return Ok(state),
                Some(name) => contended = name,
            }
        }
        Err(VariableError::Contended { name: contended })
    }
}

/// Variables after a change, and those that differ from what was read.
pub(super) fn changed<V: TaskVariables>(
    read: &Read,
    change: impl FnOnce(&mut V),
) -> Result<(V, Vec<(String, Value)>), VariableError> {
    let mut state = V::read(read.values.clone())?;
    let before = state.write()?;
    change(&mut state);
    let after = state.write()?;
    let changed = after.into_iter().filter(|(name, value)| before.get(name) != Some(value)).collect();
    Ok((state, changed))
}
