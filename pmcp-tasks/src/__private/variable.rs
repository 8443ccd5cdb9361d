//! One variable of a task.

use serde_json::Value;

use super::values::Values;
use crate::{
    context::{TaskVariables, encode, take_field, typed},
    task::{FieldDefinition, VariableError, VariableValue},
};

/// Takes a value out of the stored ones, where the last argument is its default.
type Take<T> = fn(&mut Values, &str, T) -> Result<T, VariableError>;

/// Functions that read, write and describe one variable.
pub struct VariableSpec<T> {
    name: &'static str,
    hidden: bool,
    client_writable: bool,
    take: Take<T>,
    encode: fn(&str, &T) -> Result<Value, VariableError>,
    check: fn(&Value) -> Result<(), String>,
}

/// The variable of this name.
#[must_use]
pub fn variable<T: VariableValue>(name: &'static str, hidden: bool, client_writable: bool) -> VariableSpec<T> {
    VariableSpec { name, hidden, client_writable, take: take_field, encode, check: check::<T> }
}

impl<T> VariableSpec<T> {
    /// Describes it, where this is its value in a new task.
    pub fn field(&self, default: &T) -> FieldDefinition {
        FieldDefinition {
            name: self.name,
            hidden: self.hidden,
            client_writable: self.client_writable,
            default: (self.encode)(self.name, default).unwrap_or_default(),
            check: self.check,
        }
    }

    /// Takes its value out of the stored ones.
    ///
    /// # Errors
    /// The stored value has another type.
    pub fn read(&self, values: &mut Values, default: T) -> Result<T, VariableError> {
        (self.take)(values, self.name, default)
    }

    /// Adds its value to others.
    ///
    /// # Errors
    /// It does not serialise.
    pub fn write(&self, value: &T, values: &mut Values) -> Result<(), VariableError> {
        let value = (self.encode)(self.name, value)?;
        values.insert(self.name.into(), value);
        Ok(())
    }
}

fn check<T: VariableValue>(value: &Value) -> Result<(), String> {
    typed::<T>(value).map(drop).map_err(|error| error.to_string())
}

/// The variables of a new task. Called through the trait, so that a missing `Default` is an error of the derive alone.
#[must_use]
pub fn default_of<V: TaskVariables>() -> V {
    V::default()
}
