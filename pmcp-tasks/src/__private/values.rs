//! JSON values by name.

use serde_json::{Map, Value};

/// JSON values by name.
pub type Values = Map<String, Value>;
