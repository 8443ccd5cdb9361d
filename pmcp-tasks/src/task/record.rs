//! Records of a task as they are stored: head and body, as JSON with sorted keys and a schema version.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{InputRequest, OnCrash, Owner, Progress, TaskStatus, WorkflowHead, signals::Signals};
use crate::{
    limits::Limits,
    protocol::{ClientCapabilities, Revision, TraceContext},
    security::Principal,
    time::Millis,
};

/// The version of the records this build writes.
pub(crate) const SCHEMA: u32 = 1;

/// That of the records of a workflow: builds that know no workflows refuse them.
pub(crate) const WORKFLOW_SCHEMA: u32 = 2;

/// The small part of a task that changes: everything a list shows. Fields are in the order of their names, here and in all
/// that is stored with it: see [`canonical`](super::canonical).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct TaskHead {
    /// Answers the worker has not taken yet.
    pub(crate) answers: BTreeMap<String, Value>,
    pub(crate) created: Millis,
    /// Number of times it was claimed by a worker that could not run it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) handed_back: u32,
    /// Set for a call that waits for its retry (2026-07-28 multi round-trip), not for a task clients know.
    pub(crate) hidden: Option<Hidden>,
    /// Open questions.
    pub(crate) inputs: BTreeMap<String, InputRequest>,
    /// The result is one with `isError`: 2025-11-25 calls such a task failed, 2026-07-28 completed.
    pub(crate) is_error: bool,
    /// The message tells progress: it goes when the task completes.
    pub(crate) is_progress: bool,
    pub(crate) message: Option<String>,
    pub(crate) owner: Owner,
    /// Milliseconds.
    pub(crate) poll_interval: u64,
    /// The latest that its runs told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) progress: Option<Progress>,
    pub(crate) schema: u32,
    /// Values from outside: those it waits for, and those that came.
    #[serde(default, skip_serializing_if = "Signals::is_empty")]
    pub(crate) signals: Signals,
    pub(crate) status: TaskStatus,
    /// Milliseconds.
    pub(crate) ttl: u64,
    pub(crate) updated: Millis,
    /// How far it has come, of a run of a workflow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) workflow: Option<WorkflowHead>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// Details that a retry of a call is checked against.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Hidden {
    /// SHA-256 of method and arguments, in hexadecimal.
    pub(crate) call: String,
    /// SHA-256 of the one handle that is valid now, in hexadecimal.
    pub(crate) handle: Option<String>,
}

/// Request of the task; never changes. Fields are in the order of their names: see [`canonical`](super::canonical).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct TaskBody {
    /// Answers to the tool's `#[ask]` parameters.
    pub(crate) answers: Map<String, Value>,
    pub(crate) arguments: Map<String, Value>,
    /// It had begun when it was stored.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) begun: bool,
    /// The limits under which it was created, for a retry, which whoever makes it knows nothing else of.
    #[serde(default, skip_serializing_if = "Bounds::is_default")]
    pub(crate) bounds: Bounds,
    /// Abilities the client that called declared, for the questions of a run in another process.
    pub(crate) client: ClientCapabilities,
    /// Set if its tool was made at run time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) dynamic: Option<Box<DynamicWork>>,
    /// The variables that stay on the server, for whoever looks at it without the tool.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) hidden: Vec<String>,
    pub(crate) on_crash: OnCrash,
    /// The caller as an authenticator found it, for a run in another process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) principal: Option<Known>,
    /// The token under which the session that called hears of progress, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) progress_token: Option<Value>,
    /// It was left to a worker to begin it.
    pub(crate) queued: bool,
    /// Revision that client speaks, likewise.
    pub(crate) revision: Revision,
    pub(crate) schema: u32,
    /// The step of a workflow's run that the call is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) step: Option<StepOf>,
    pub(crate) tool: String,
    /// The place of the call in a trace, which every run of the task goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trace: Option<TraceContext>,
    /// Variables the client set in the creating call.
    pub(crate) variables: Map<String, Value>,
}

/// Facts about a tool that was made at run time, for whoever has its task and not the tool. Fields are in the order of their names: see
/// [`canonical`](super::canonical).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DynamicWork {
    /// The variables that clients see, with their values in a new task.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) defaults: Map<String, Value>,
    /// The variables among these that may be null.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) nullable: Vec<String>,
    /// The scopes that its callers need.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) scopes: Vec<String>,
    /// Time one run may take, in milliseconds, if it has its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) timeout: Option<u64>,
}

/// The most that an owner may have. Fields are in the order of their names: see [`canonical`](super::canonical).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Bounds {
    /// Bytes that all of an owner's tasks may take.
    pub(crate) bytes: u64,
    /// Live tasks.
    pub(crate) tasks: u32,
}

impl Bounds {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for Bounds {
    fn default() -> Self {
        (&Limits::default()).into()
    }
}

impl From<&Limits> for Bounds {
    fn from(limits: &Limits) -> Self {
        Self { bytes: limits.stored_bytes, tasks: limits.tasks_per_owner }
    }
}

/// A step of a run. Fields are in the order of their names: see [`canonical`](super::canonical).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct StepOf {
    /// Id of the run.
    pub(crate) run: String,
    pub(crate) step: String,
}

/// A principal as it is stored: who it is and what it was granted, and nothing else that only a token tells. Fields are in the order of
/// their names: see [`canonical`](super::canonical).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Known {
    client: Option<String>,
    issuer: String,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    scopes: BTreeSet<String>,
    subject: Option<String>,
}

impl From<&Principal> for Known {
    fn from(principal: &Principal) -> Self {
        let Principal { issuer, subject, client, scopes, claims: _ } = principal;
        let (issuer, subject, client) = (issuer.clone(), subject.clone(), client.clone());
        Self { client, issuer, scopes: scopes.clone(), subject }
    }
}

impl From<Known> for Principal {
    fn from(Known { client, issuer, scopes, subject }: Known) -> Self {
        Self { issuer, subject, client, scopes, claims: Map::new() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use std::time::Duration;

    use super::{
        super::{
            Draft, Outcome, Pause, Reason, TaskId,
            canonical::{canonical, sorted},
        },
        *,
    };
    use crate::{protocol::RpcError, tool::ToolResult};

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";

    #[test]
    fn what_is_stored_has_its_keys_in_order() {
        fn is_in_order<T: Serialize>(record: &T) {
            let [written, sorted] = [canonical(record), sorted(record)].map(|bytes| String::from_utf8(bytes.unwrap()));
            assert_eq!(written, sorted);
        }
        let value = || json!({ "b": 1, "a": { "d": 1, "c": 2 } });
        let map = || Map::from_iter([("m".to_owned(), value())]);
        let hidden = Hidden { call: "0".into(), handle: Some("1".into()) };
        let question = InputRequest { method: "elicitation/create".into(), params: value() };
        let pause =
            Pause { message: Some("m".into()), needs: vec!["a".into()], reason: Reason::Unresolved, step: "s".into() };
        let workflow = WorkflowHead { pause: Some(pause), running: Some("s".into()), ..WorkflowHead::default() };
        let mut signals = Signals::default();
        signals.give("g", 1);
        signals.ask("a", &value());
        let draft =
            Draft::new(TaskId::from_random([1; 16]), Millis(1), &Owner::local(), Duration::from_secs(1), "tool");
        is_in_order(&TaskHead {
            signals,
            message: Some("text".into()),
            inputs: BTreeMap::from([("q".into(), question)]),
            answers: BTreeMap::from([("q".into(), value())]),
            hidden: Some(hidden),
            handed_back: 1,
            progress: Progress::new(1.0, Some(2.5)),
            workflow: Some(workflow),
            ..draft.head
        });
        is_in_order(&TaskBody {
            schema: SCHEMA,
            tool: "tool".into(),
            arguments: map(),
            begun: true,
            bounds: Bounds { bytes: 1, tasks: 1 },
            answers: map(),
            variables: map(),
            hidden: vec!["h".into()],
            dynamic: Some(Box::new(DynamicWork {
                defaults: map(),
                nullable: vec!["v".into()],
                scopes: vec!["s".into()],
                timeout: Some(1),
            })),
            on_crash: OnCrash::Restart,
            principal: Some(Known {
                client: Some("c".into()),
                issuer: "i".into(),
                scopes: BTreeSet::new(),
                subject: None,
            }),
            progress_token: Some(7.into()),
            revision: Revision::V2026,
            client: ClientCapabilities::default(),
            queued: true,
            step: Some(StepOf { run: "r".into(), step: "s".into() }),
            trace: TraceContext::read(|key| Some(if key == "traceparent" { PARENT } else { "a=b" })),
        });
        let result = ToolResult { meta: map(), ..ToolResult::error("no").with_structured(value()) };
        for outcome in [
            Outcome::Result(result),
            Outcome::Raw(value()),
            Outcome::Error(RpcError::internal("broken").with_data(value())),
            Outcome::Cancelled,
        ] {
            is_in_order(&outcome);
        }
    }
}
