//! Parameters that requests bring, and their reading. Fields nobody asked for are tolerated.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{ByName, RpcError, bounds, number};

/// Reads a method's parameters.
///
/// # Errors
/// They do not fit: -32602 with what is wrong.
pub fn params<T: DeserializeOwned>(params: &Value) -> Result<T, RpcError> {
    // Serde would read an array as a struct, field by field.
    if !params.is_object() {
        return Err(RpcError::invalid_params("invalid params: expected an object"));
    }
    T::deserialize(ByName(params)).map_err(|error| {
        let error = bounds::shortened(&error.to_string(), bounds::ERROR);
        RpcError::invalid_params(format!("invalid params: {error}"))
    })
}

/// Reads a field that may be left out, for which some send null.
///
/// # Errors
/// It is neither null nor what it has to be.
pub fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// `params` of every list. They may be left out.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ListParams {
    /// Beginning of the page.
    #[serde(default, deserialize_with = "bounds::cursor")]
    pub cursor: Option<String>,
}

impl ListParams {
    /// Reads them; left out, they ask for the first page.
    ///
    /// # Errors
    /// They do not fit: -32602.
    pub fn read(value: &Value) -> Result<Self, RpcError> {
        if value.is_null() { Ok(Self::default()) } else { params(value) }
    }
}

/// `params` of `resources/read`, `resources/subscribe` and `resources/unsubscribe`.
#[derive(Clone, Debug, Deserialize)]
pub struct ReadParams {
    /// The resource's URI.
    #[serde(deserialize_with = "bounds::uri")]
    pub uri: String,
}

/// `params` of `tasks/get`, `tasks/result` and `tasks/cancel`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskParams {
    /// The task's id.
    pub task_id: String,
}

/// `params` of `tasks/update`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdateParams {
    /// The task's id.
    pub task_id: String,
    /// The answers, by key. Required in 2026-07-28; a 2025-11-25 client may leave it out.
    #[serde(default)]
    pub input_responses: Option<BTreeMap<String, Value>>,
}

/// `params.task` of `tools/call` (2025-11-25; tasks, "Creating Tasks").
#[derive(Clone, Debug, Deserialize)]
pub struct TaskMetadata {
    /// The wanted lifetime in milliseconds.
    #[serde(default, deserialize_with = "number::natural")]
    pub ttl: Option<u64>,
}

/// `params` of `subscriptions/listen` (2026-07-28).
#[derive(Clone, Debug, Deserialize)]
pub struct ListenParams {
    /// Filter of what to be told about.
    pub notifications: ListenFilter,
}

/// Filter of a `subscriptions/listen`: what it wants to be told about; what is not named is not told.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListenFilter {
    /// Tasks, by id.
    #[serde(default)]
    pub task_ids: Option<Vec<String>>,
    /// Resources, by URI.
    #[serde(default, deserialize_with = "bounds::uris")]
    pub resource_subscriptions: Option<Vec<String>>,
    /// Changes of the list of tools.
    #[serde(default, deserialize_with = "or_default")]
    pub tools_list_changed: bool,
    /// Changes of the list of prompts.
    #[serde(default, deserialize_with = "or_default")]
    pub prompts_list_changed: bool,
    /// Changes of the lists of resources and of their templates.
    #[serde(default, deserialize_with = "or_default")]
    pub resources_list_changed: bool,
}

/// `params` of `tools/call`, of every version.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CallParams {
    /// The tool's name.
    #[serde(deserialize_with = "bounds::name")]
    pub name: String,
    /// Its arguments.
    #[serde(default, deserialize_with = "or_default")]
    pub arguments: Map<String, Value>,
    /// The client wants a task (2025-11-25).
    #[serde(default)]
    pub task: Option<Value>,
    /// Answers to what an earlier call of this was answered with (2026-07-28, multi round-trip requests).
    #[serde(default)]
    pub input_responses: Option<Value>,
    /// State that answer wants back.
    #[serde(default)]
    pub request_state: Option<Value>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn null_is_what_was_left_out() {
        for arguments in [json!({ "name": "a" }), json!({ "name": "a", "arguments": null })] {
            assert_eq!(params::<CallParams>(&arguments).unwrap().arguments, Map::new());
        }
        for wrong in [json!({ "name": "a", "arguments": [] }), json!({ "name": "a", "arguments": "{}" })] {
            assert!(params::<CallParams>(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_lifetime_is_the_same_however_it_is_written() {
        let ttl = |ttl: Value| params::<TaskMetadata>(&json!({ "ttl": ttl })).ok().map(|it| it.ttl);
        for (written, read) in
            [(json!(3), Some(3)), (json!(3.0), Some(3)), (json!(u64::MAX), Some(u64::MAX)), (json!(null), None)]
        {
            assert_eq!(ttl(written.clone()), Some(read), "{written}");
        }
        assert_eq!(params::<TaskMetadata>(&json!({})).unwrap().ttl, None);
        for wrong in [json!(3.5), json!(-1), json!(-1.0), json!(1e300), json!("3"), json!(true)] {
            assert_eq!(ttl(wrong.clone()), None, "{wrong}");
        }
    }
}
