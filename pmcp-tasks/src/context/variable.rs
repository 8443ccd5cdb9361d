//! Handles to a task's variables.

use std::fmt;

use serde::de::Error as _;
use serde_json::{Map, Value};

use super::variables::{ATTEMPTS, Cells};
use crate::{
    error::Mistake,
    exact,
    protocol::ByName,
    task::{VariableError, VariableValue},
};

/// A handle to one variable of a task.
///
/// Every method is one durable operation; `add`, `push` and `update` read first and start over when another process
/// changed the variable in between. In a function that runs again after a crash (`on_crash = "restart"`) they are made again with
/// it, so that what was added before counts twice: `set` what is known, or change variables with the step that does the work,
/// by [`TaskContext::step_changing`](crate::TaskContext::step_changing).
pub struct Variable<'a, T> {
    cells: &'a Cells,
    name: &'static str,
    default: fn() -> T,
}

impl<T> fmt::Debug for Variable<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Variable").field(&self.name).finish()
    }
}

impl<'a, T> Variable<'a, T> {
    /// The handle to the variable `name`, whose value in a new task is `default()`.
    #[doc(hidden)]
    pub fn new(cells: &'a Cells, name: &'static str, default: fn() -> T) -> Self {
        Self { cells, name, default }
    }
}

impl<T: VariableValue> Variable<'_, T> {
    /// Its value.
    ///
    /// # Errors
    /// The stored value has another type, or the store failed.
    pub async fn get(&self) -> Result<T, VariableError> {
        self.decode(self.cells.run.variables().await?.values.remove(self.name))
    }

    /// Gives it a value.
    ///
    /// # Errors
    /// The value would not be read back as it is, such as a NaN; the variables would be too large, the task is lost, or the store failed.
    pub async fn set(&self, value: T) -> Result<(), VariableError> {
        let _turn = self.cells.run.variable_turn().await;
        self.cells.run.set_variable(self.name, &self.encode(&value)?).await
    }

    /// Changes it. `change` may run several times; the value it made last is returned.
    ///
    /// # Errors
    /// As [`set`](Self::set); also when others keep changing it.
    pub async fn update(&self, mut change: impl FnMut(T) -> T + Send) -> Result<T, VariableError> {
        self.try_update(|value| Ok(change(value))).await
    }

    async fn try_update(
        &self,
        mut change: impl FnMut(T) -> Result<T, VariableError> + Send,
    ) -> Result<T, VariableError> {
        let _turn = self.cells.run.variable_turn().await;
        for _ in 0..ATTEMPTS {
            let stored = self.cells.run.variables().await?;
            let value = change(self.decode(stored.values.get(self.name).cloned())?)?;
            let changed = vec![(self.name.to_owned(), self.encode(&value)?)];
            if self.cells.run.set_if(&stored, changed).await?.is_none() {
                return Ok(value);
            }
        }
        Err(VariableError::Contended { name: self.name.into() })
    }

    fn encode(&self, value: &T) -> Result<Value, VariableError> {
        encode(self.name, value)
    }

    fn decode(&self, stored: Option<Value>) -> Result<T, VariableError> {
        decode(self.name, stored, self.default)
    }
}

impl<T: VariableValue + Number> Variable<'_, T> {
    /// Adds to it and returns the sum: once more in each run of the function, see [`Variable`].
    ///
    /// # Errors
    /// The sum overflows; else as [`update`](Self::update).
    pub async fn add(&self, amount: T) -> Result<T, VariableError> {
        self.try_update(|value| value.plus(amount).ok_or_else(|| VariableError::Overflow { name: self.name.into() }))
            .await
    }
}

impl<T: VariableValue + Clone> Variable<'_, Vec<T>> {
    /// Appends to it: once more in each run of the function, see [`Variable`].
    ///
    /// # Errors
    /// As [`update`](Self::update).
    pub async fn push(&self, value: T) -> Result<(), VariableError> {
        self.update(|mut list| {
            list.push(value.clone());
            list
        })
        .await
        .map(|_| ())
    }
}

/// A value as it is stored, if it can be read again.
pub(crate) fn encode<T: VariableValue>(name: &str, value: &T) -> Result<Value, VariableError> {
    let encoded = exact::value(value).and_then(|encoded| match typed::<T>(&encoded) {
        Ok(_) => Ok(encoded),
        Err(error) => Err(Mistake::caused("is written in a form that its type does not read", error).of("it".into())),
    });
    encoded.map_err(|mistake| {
        let mistake = mistake.about(format_args!("variable `{name}` cannot have this value"));
        VariableError::Value { name: name.into(), source: mistake.into() }
    })
}

/// A stored value as its type: missing is the default, and so is `null` unless the type accepts it.
pub(crate) fn decode<T: VariableValue>(
    name: &str,
    stored: Option<Value>,
    default: impl FnOnce() -> T,
) -> Result<T, VariableError> {
    match stored {
        None => Ok(default()),
        Some(Value::Null) => Ok(serde_json::from_value(Value::Null).unwrap_or_else(|_| default())),
        Some(value) => typed(&value).map_err(|source| VariableError::Type { name: name.into(), source }),
    }
}

/// A value as its type. The error does not repeat the value, as serde's own does: it may be secret.
pub(crate) fn typed<T: VariableValue>(value: &Value) -> Result<T, serde_json::Error> {
    T::deserialize(ByName(value)).map_err(|_| serde_json::Error::custom(format_args!("{} does not fit", kind(value))))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The value of one field out of stored values, for generated code.
///
/// # Errors
/// The value does not fit the type.
#[doc(hidden)]
pub fn take_field<T: VariableValue>(
    values: &mut Map<String, Value>,
    name: &str,
    default: T,
) -> Result<T, VariableError> {
    decode(name, values.remove(name), || default)
}

/// A number that a variable can hold and add to.
pub trait Number: Copy + Send + Sync + 'static {
    /// The sum, unless it overflows.
    fn plus(self, other: Self) -> Option<Self>;
}

macro_rules! integers {
    ($($type:ty),*) => {$(
        impl Number for $type {
            fn plus(self, other: Self) -> Option<Self> {
                self.checked_add(other)
            }
        }
    )*};
}

integers!(u8, u16, u32, u64, usize, i8, i16, i32, i64, isize);

macro_rules! floats {
    ($($type:ty),*) => {$(
        impl Number for $type {
            fn plus(self, other: Self) -> Option<Self> {
                let sum = self + other;
                sum.is_finite().then_some(sum)
            }
        }
    )*};
}

floats!(f32, f64);
