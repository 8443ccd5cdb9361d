//! `_meta` of what is offered.

use serde_json::{Map, Value};

/// The fields of a value that was written as an object.
#[must_use]
pub fn object_of(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
