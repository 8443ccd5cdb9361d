//! Variables: typed state that a task shares with its client.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::DynamicWork;
use crate::error::StoreError;

/// Type a variable may have: any that serialises both ways.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a task variable",
    label = "not a variable's type",
    note = "derive `Serialize` and `Deserialize` for `{Self}` and the types inside it",
    note = "if it is of another crate, turn on the feature `serde` of that crate"
)]
pub trait VariableValue: Serialize + DeserializeOwned + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> VariableValue for T {}

/// Definition of one variable.
#[derive(Clone, Debug)]
pub struct FieldDefinition {
    /// Its name on the wire.
    pub name: &'static str,
    /// The first paragraph of its docs.
    pub description: Option<&'static str>,
    /// Set if it stays on the server.
    pub hidden: bool,
    /// Set if the client may set it.
    pub client_writable: bool,
    /// Its value in a new task; `null` if that does not serialise, which no router is built with unless the variable may be `null`.
    pub default: Value,
    /// Check that a value fits its type; the error is one sentence without the value.
    pub check: fn(&Value) -> Result<(), String>,
    /// Gives the JSON Schema of its values with the types inside it as definitions under their Rust names, for whoever writes types of
    /// another language. `None` if its type has none.
    pub schema: Option<fn() -> Value>,
}

/// A variable could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VariableError {
    /// A value does not fit the variable's type.
    #[error("variable `{name}` has a value of another type")]
    Type {
        /// The variable.
        name: String,
        /// Reason why it does not fit.
        source: serde_json::Error,
    },
    /// A value would not be read back as it was set: it has a number that JSON does not have, such as NaN, or its type does not
    /// read what it writes.
    #[error("variable `{name}` cannot have this value")]
    Value {
        /// The variable.
        name: String,
        /// The place and the reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The sum or list would pass what its type holds.
    #[error("variable `{name}` would overflow")]
    Overflow {
        /// The variable.
        name: String,
    },
    /// The variables would become larger than the server allows.
    #[error("the task's variables would be larger than {max} bytes")]
    TooLarge {
        /// The limit in bytes.
        max: u32,
    },
    /// The task ended or another worker has taken it over.
    #[error("the task is no longer this worker's")]
    Lost,
    /// Other writers kept changing the variable.
    #[error("variable `{name}` is being changed too often")]
    Contended {
        /// The variable.
        name: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The variables that clients see, with their values in a new task, and those of them that may be null.
pub(crate) fn shown_defaults(fields: &[FieldDefinition]) -> (Map<String, Value>, Vec<String>) {
    let shown = || fields.iter().filter(|field| !field.hidden);
    let nullable = shown().filter(|field| (field.check)(&Value::Null).is_ok());
    (
        shown().map(|field| (field.name.to_owned(), field.default.clone())).collect(),
        nullable.map(|field| field.name.to_owned()).collect(),
    )
}

/// The same as [`visible`] of a task whose variables nobody here knows but by what it says of its tool.
pub(crate) fn visible_by(work: &DynamicWork, mut stored: Map<String, Value>) -> Option<Map<String, Value>> {
    let value = |(name, default): (&String, &Value)| {
        let value = stored.remove(name).filter(|value| !value.is_null() || work.nullable.contains(name));
        (name.clone(), value.unwrap_or_else(|| default.clone()))
    };
    let shown: Map<_, _> = work.defaults.iter().map(value).collect();
    (!shown.is_empty()).then_some(shown)
}

/// Returns what clients see of a task's variables: all that are not hidden, with their defaults where nothing was set;
/// `None` if the tool has none to show.
pub(crate) fn visible(fields: &[FieldDefinition], mut stored: Map<String, Value>) -> Option<Map<String, Value>> {
    let shown: Map<String, Value> = fields
        .iter()
        .filter(|field| !field.hidden)
        .map(|field| {
            let value = match stored.remove(field.name) {
                // Written as null by a client that resets it, or because the type has a null: the type decides.
                Some(Value::Null) if (field.check)(&Value::Null).is_err() => field.default.clone(),
                Some(value) => value,
                None => field.default.clone(),
            };
            (field.name.to_owned(), value)
        })
        .collect();
    (!shown.is_empty()).then_some(shown)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn field<T: DeserializeOwned>(name: &'static str, default: Value) -> FieldDefinition {
        let check = |value: &Value| T::deserialize(value).map(drop).map_err(|error| error.to_string());
        FieldDefinition { name, description: None, hidden: false, client_writable: true, default, check, schema: None }
    }

    #[test]
    fn whoever_knows_the_fields_and_whoever_knows_the_task_alone_see_the_same() {
        let secret = FieldDefinition { hidden: true, ..field::<u32>("secret", json!(1)) };
        let fields = [field::<Option<u32>>("limit", json!(3)), field::<u32>("rows", json!(0)), secret];
        let (defaults, nullable) = shown_defaults(&fields);
        let work = DynamicWork { defaults, nullable, ..DynamicWork::default() };
        for (stored, seen) in [
            (json!({}), json!({ "limit": 3, "rows": 0 })),
            (json!({ "limit": null, "rows": null, "secret": 2 }), json!({ "limit": null, "rows": 0 })),
            (json!({ "limit": 4, "rows": 5 }), json!({ "limit": 4, "rows": 5 })),
        ] {
            let stored = stored.as_object().unwrap();
            assert_eq!(visible(&fields, stored.clone()).as_ref(), seen.as_object());
            assert_eq!(visible_by(&work, stored.clone()).as_ref(), seen.as_object());
        }
    }
}
