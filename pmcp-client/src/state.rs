//! A task as the server shows it, in either revision.

use std::{collections::BTreeMap, time::Duration};

use pmcp_protocol::{InputRequest, RpcError, TaskStatus, VARIABLES};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::error::ClientError;

/// A task at one moment.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TaskState {
    /// Its id.
    #[serde(rename = "taskId")]
    pub id: String,
    /// Its state.
    pub status: TaskStatus,
    /// A text about it.
    #[serde(rename = "statusMessage", default)]
    pub message: Option<String>,
    /// The moment it began, in RFC 3339.
    #[serde(default)]
    pub created_at: String,
    /// The moment it last changed, in RFC 3339.
    #[serde(default)]
    pub last_updated_at: String,
    /// The time it is kept, from its beginning; `None` is for ever.
    #[serde(alias = "ttlMs", default, deserialize_with = "duration")]
    pub ttl: Option<Duration>,
    /// The time to wait between looks at it.
    #[serde(alias = "pollIntervalMs", default, deserialize_with = "duration")]
    pub poll_interval: Option<Duration>,
    /// Its variables, if they were sent along.
    #[serde(rename = "_meta", default, deserialize_with = "variables")]
    pub variables: Option<Map<String, Value>>,
    /// The open questions (2026-07-28).
    #[serde(default)]
    pub input_requests: BTreeMap<String, InputRequest>,
    /// The result, once it has one (2026-07-28).
    #[serde(default)]
    pub result: Option<Value>,
    /// The error it ended with (2026-07-28).
    #[serde(default)]
    pub error: Option<RpcError>,
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    Ok(Option::<u64>::deserialize(deserializer)?.map(Duration::from_millis))
}

fn variables<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Map<String, Value>>, D::Error> {
    let meta = Option::<Map<String, Value>>::deserialize(deserializer)?;
    Ok(meta.and_then(|mut meta| match meta.remove(VARIABLES) {
        Some(Value::Object(variables)) => Some(variables),
        _ => None,
    }))
}

impl TaskState {
    pub(crate) fn parse(value: Value) -> Result<Self, ClientError> {
        serde_json::from_value(value)
            .map_err(|error| ClientError::protocol(format!("a task of the wrong shape: {error}")))
    }

    /// The way it ended, as 2026-07-28 shows it.
    pub(crate) fn outcome(self) -> Result<Value, ClientError> {
        match (self.status, self.result, self.error) {
            (TaskStatus::Completed, Some(result), _) => Ok(result),
            (TaskStatus::Failed, _, Some(error)) => Err(ClientError::Rpc(error)),
            (TaskStatus::Cancelled, ..) => Err(ClientError::Cancelled),
            (TaskStatus::Completed | TaskStatus::Failed, ..) => {
                Err(ClientError::protocol("a task that ended without its outcome"))
            }
            (status, ..) => Err(ClientError::NotFinished(status)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_revisions_are_read() {
        let v2025 = json!({ "taskId": "t", "status": "working", "createdAt": "a", "lastUpdatedAt": "b", "ttl": null,
            "pollInterval": 5 });
        let v2026 = json!({ "taskId": "t", "status": "working", "createdAt": "a", "lastUpdatedAt": "b", "ttlMs": null,
            "pollIntervalMs": 5, "resultType": "complete", "_meta": { "other": 1 } });
        let state = TaskState::parse(v2025).unwrap();
        assert_eq!(state, TaskState::parse(v2026).unwrap());
        assert_eq!((state.ttl, state.poll_interval), (None, Some(Duration::from_millis(5))));
    }

    #[test]
    fn a_task_that_completed_without_result_is_an_error() {
        let state = TaskState::parse(json!({ "taskId": "t", "status": "completed" })).unwrap();
        assert!(matches!(state.outcome(), Err(ClientError::Protocol(_))));
    }
}
