//! One variable of a task.

use std::marker::PhantomData;

use schemars::JsonSchema;
use serde_json::Value;

use super::values::Values;
use crate::{
    context::{TaskVariables, encode, take_field, typed},
    schema::json,
    task::{FieldDefinition, VariableError, VariableValue},
};

/// Takes a value out of the stored ones, where the last argument is its default.
type Take<T> = fn(&mut Values, &str, T) -> Result<T, VariableError>;

/// Functions that read, write and describe one variable.
pub struct VariableSpec<T> {
    name: &'static str,
    hidden: bool,
    client_writable: bool,
    description: Option<&'static str>,
    schema: Option<fn() -> Value>,
    take: Take<T>,
    encode: fn(&str, &T) -> Result<Value, VariableError>,
    check: fn(&Value) -> Result<(), String>,
}

/// The variable of this name.
#[must_use]
pub fn variable<T: VariableValue>(name: &'static str, hidden: bool, client_writable: bool) -> VariableSpec<T> {
    let (description, schema) = (None, None);
    VariableSpec { name, hidden, client_writable, description, schema, take: take_field, encode, check: check::<T> }
}

impl<T> VariableSpec<T> {
    /// Adds what is known of it beside its type.
    #[must_use]
    pub fn described(self, description: Option<&'static str>, schema: Option<fn() -> Value>) -> Self {
        Self { description, schema, ..self }
    }

    /// Describes it, where this is its value in a new task.
    pub fn field(&self, default: &T) -> FieldDefinition {
        FieldDefinition {
            name: self.name,
            hidden: self.hidden,
            client_writable: self.client_writable,
            description: self.description,
            schema: self.schema,
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

/// A type that may have a JSON Schema. `(&SchemaOf::<T>::new()).schema()`, with both traits in scope, finds the first one that holds.
#[derive(Debug, Default)]
pub struct SchemaOf<T>(PhantomData<fn() -> T>);

impl<T> SchemaOf<T> {
    /// The question for this type.
    #[must_use]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

/// The answer of a type with a schema.
pub trait HasSchema {
    /// The schema, with the types inside it as definitions.
    fn schema(&self) -> Option<fn() -> Value>;
}

impl<T: JsonSchema> HasSchema for SchemaOf<T> {
    fn schema(&self) -> Option<fn() -> Value> {
        Some(json::named_part::<T>)
    }
}

/// The answer of any other type.
pub trait HasNoSchema {
    /// None.
    fn schema(&self) -> Option<fn() -> Value>;
}

impl<T> HasNoSchema for &SchemaOf<T> {
    fn schema(&self) -> Option<fn() -> Value> {
        None
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
