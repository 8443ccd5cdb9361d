//! Records of a task as they are stored: head, body and outcome, as JSON with sorted keys and a schema version.

use std::{
    collections::BTreeMap,
    collections::BTreeSet,
    sync::{Arc, LazyLock},
    time::Duration,
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{
    InputRequest, OnCrash, Outcome, Owner, Progress, TaskId, TaskStatus, WorkflowHead, policy,
    signals::{SIGNALS_SCHEMA, Signals},
};
use crate::{
    error::StoreError,
    limits::Limits,
    protocol::{ClientCapabilities, Revision, TaskView, TraceContext},
    security::Principal,
    store::backend::{StoredTask, TaskKey},
    time::{Millis, millis},
};

/// The version of the records this build writes.
pub(crate) const SCHEMA: u32 = 1;

/// That of the records of a workflow: builds that know no workflows refuse them.
pub(crate) const WORKFLOW_SCHEMA: u32 = 2;

/// The small part of a task that changes: everything a list shows. Fields are in the order of their names, here and in all
/// that is stored with it: see [`canonical`].
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

/// Request of the task; never changes. Fields are in the order of their names: see [`canonical`].
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

/// The most that an owner may have. Fields are in the order of their names: see [`canonical`].
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

/// A step of a run. Fields are in the order of their names: see [`canonical`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct StepOf {
    /// Id of the run.
    pub(crate) run: String,
    pub(crate) step: String,
}

/// A principal as it is stored: who it is and what it was granted, and nothing else that only a token tells. Fields are in the order of
/// their names: see [`canonical`].
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

/// A task as it is read from a store.
#[derive(Clone, Debug)]
pub struct Task {
    pub(crate) key: TaskKey,
    pub(crate) head: TaskHead,
    pub(crate) body: Option<TaskBody>,
    pub(crate) outcome: Option<Arc<Outcome>>,
    pub(crate) stored: StoredTask,
}

impl Task {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> TaskId {
        self.key.id
    }

    /// Returns the owner.
    #[must_use]
    pub fn owner(&self) -> &Owner {
        &self.head.owner
    }

    /// Its state.
    #[must_use]
    pub fn status(&self) -> TaskStatus {
        self.head.status
    }

    /// Tells whether it ended with a result that has `isError`.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.head.is_error
    }

    /// A text about its state, for the user.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.head.message.as_deref()
    }

    /// Returns the time of its creation.
    #[must_use]
    pub fn created(&self) -> Millis {
        self.head.created
    }

    /// Returns the time its state or message last changed.
    #[must_use]
    pub fn updated(&self) -> Millis {
        self.head.updated
    }

    /// Returns its lifetime, from its creation.
    #[must_use]
    pub fn ttl(&self) -> Duration {
        Duration::from_millis(self.head.ttl)
    }

    /// Returns the interval at which clients should poll once the task is no longer young.
    #[must_use]
    pub fn poll_interval(&self) -> Duration {
        Duration::from_millis(self.head.poll_interval)
    }

    /// The tool it runs, or the workflow, if it was read with its request.
    #[must_use]
    pub fn tool(&self) -> Option<&str> {
        self.body.as_ref().map(|body| body.tool.as_str())
    }

    /// Number of runs there were by what it was read with, the one that goes on included.
    pub(crate) fn attempt(&self) -> u32 {
        let runs = self.stored.fence.saturating_sub(self.idle_fences()).max(1);
        u32::try_from(runs).unwrap_or(u32::MAX)
    }

    /// Number of times the fence rose without a run: with the first claim from the queue, and with each claim of a worker that hands
    /// the task back and once more with that.
    pub(crate) fn idle_fences(&self) -> u64 {
        let queued = self.body.as_ref().is_some_and(|body| body.queued);
        u64::from(queued) + 2 * u64::from(self.head.handed_back)
    }

    /// The open questions to the client.
    #[must_use]
    pub fn inputs(&self) -> &BTreeMap<String, InputRequest> {
        &self.head.inputs
    }

    /// Returns its outcome, if it was read with its outcome and has one.
    #[must_use]
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_deref()
    }

    /// Takes its outcome out, if it was read with its outcome and has one.
    pub(crate) fn take_outcome(&mut self) -> Option<Outcome> {
        self.outcome.take().map(Arc::unwrap_or_clone)
    }

    /// Returns what clients are told of it at this time.
    ///
    /// The age a poll interval grows with stops at the end: an ended task reads the same for ever.
    pub(crate) fn view(&self, now: Millis) -> TaskView<'_> {
        let seen = if self.head.status.is_terminal() { self.head.updated } else { now };
        TaskView {
            id: self.key.id.to_string(),
            status: self.head.status,
            is_error: self.head.is_error,
            message: self.head.message.as_deref(),
            created: self.head.created.to_string(),
            updated: self.head.updated.to_string(),
            ttl: self.head.ttl,
            poll_interval: millis(match &self.head.workflow {
                Some(WorkflowHead { pause: Some(_), .. }) => policy::WHILE_PARKED,
                _ => policy::poll_interval(self.poll_interval(), self.head.created.until(seen)),
            }),
            inputs: &self.head.inputs,
            outcome: self.outcome.as_deref(),
        }
    }

    /// Reads what a backend stored.
    ///
    /// # Errors
    /// A record is corrupt or newer than this build.
    pub(crate) fn decode(backend: &'static str, key: TaskKey, stored: StoredTask) -> Result<Self, StoreError> {
        let head: TaskHead = read(backend, "head", key.id, &stored.head)?;
        if head.schema > SIGNALS_SCHEMA {
            return Err(newer(backend, "head", key.id, None));
        }
        if head.owner.key() != key.owner {
            return Err(corrupt(backend, "head", key.id, None));
        }
        let body = stored.body.as_deref().map(|bytes| read(backend, "body", key.id, bytes)).transpose()?;
        let outcome = stored.outcome.as_deref().map(|bytes| read(backend, "outcome", key.id, bytes)).transpose()?;
        Ok(Self { key, head, body, outcome: outcome.map(Arc::new), stored })
    }

    /// The variables as they were stored: what the client set at creation, overlaid by the cells.
    ///
    /// # Errors
    /// A cell is corrupt.
    pub(crate) fn variables(&self, backend: &'static str) -> Result<Map<String, Value>, StoreError> {
        let mut values = self.body.as_ref().map(|body| body.variables.clone()).unwrap_or_default();
        for (field, bytes) in self.stored.variables.iter().flatten() {
            values.insert(field.to_string(), read_value(backend, field, self.key.id, bytes)?);
        }
        Ok(values)
    }
}

pub(crate) fn read_value(backend: &'static str, field: &str, id: TaskId, bytes: &[u8]) -> Result<Value, StoreError> {
    serde_json::from_slice(bytes)
        .map_err(|source| corrupt(backend, &format!("variable {field}"), id, Some(Box::new(source))))
}

fn read<T: DeserializeOwned>(backend: &'static str, what: &str, id: TaskId, bytes: &[u8]) -> Result<T, StoreError> {
    #[derive(Deserialize)]
    struct Versioned {
        #[serde(default)]
        schema: u32,
    }
    serde_json::from_slice::<T>(bytes).map_err(|source| {
        let is_newer = serde_json::from_slice::<Versioned>(bytes).is_ok_and(|record| record.schema > SIGNALS_SCHEMA);
        if is_newer {
            newer(backend, what, id, Some(Box::new(source)))
        } else {
            corrupt(backend, what, id, Some(Box::new(source)))
        }
    })
}

/// A record that a newer version wrote: read as one of ours, it would lose what we do not know of.
fn newer(
    backend: &'static str,
    what: &str,
    id: TaskId,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreError {
    corrupt(backend, &format!("{what} (of a newer version)"), id, source)
}

fn corrupt(
    backend: &'static str,
    what: &str,
    id: TaskId,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreError {
    StoreError::Corrupt { backend, what: format!("{what} of task {id}"), source }
}

/// JSON with sorted keys, the same for equal values whatever the features of `serde_json` in the build.
///
/// Structs that are stored declare their fields in that order, and maps sort themselves: only a build in which something
/// asks for `serde_json/preserve_order` pays for sorting.
pub(crate) fn canonical<T: Serialize>(value: &T) -> Result<Vec<u8>, serde_json::Error> {
    canonical_of(value, 0)
}

/// The same of a value whose JSON has about so many bytes.
pub(crate) fn canonical_of<T: Serialize>(value: &T, bytes: usize) -> Result<Vec<u8>, serde_json::Error> {
    static MAPS_SORT: LazyLock<bool> = LazyLock::new(|| {
        let map = Map::from_iter([("b", 0), ("a", 0)].map(|(key, value)| (key.to_owned(), value.into())));
        map.keys().next().is_some_and(|first| first == "a")
    });
    if !*MAPS_SORT {
        return sorted(value);
    }
    let mut json = Vec::with_capacity(bytes.max(128));
    serde_json::to_writer(&mut json, value)?;
    Ok(json)
}

/// The same for any order of fields and maps.
fn sorted<T: Serialize>(value: &T) -> Result<Vec<u8>, serde_json::Error> {
    fn sort(value: &mut Value) {
        match value {
            Value::Object(map) => {
                map.sort_keys();
                map.values_mut().for_each(sort);
            }
            Value::Array(list) => list.iter_mut().for_each(sort),
            _ => {}
        }
    }
    let mut value = serde_json::to_value(value)?;
    sort(&mut value);
    serde_json::to_vec(&value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::task::{Pause, Reason};
    use crate::{protocol::RpcError, store::backend::Stamp, tool::ToolResult};

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";

    fn stored(head: &TaskHead) -> StoredTask {
        StoredTask {
            version: 1,
            fence: 1,
            holder: None,
            open: true,
            stamp: Stamp(1),
            expires: Millis(1000),
            head: canonical(head).unwrap().into(),
            body: None,
            variables: None,
            steps: None,
            outcome: None,
        }
    }

    fn head() -> TaskHead {
        TaskHead {
            schema: SCHEMA,
            owner: Owner::local(),
            status: TaskStatus::Working,
            is_error: false,
            message: None,
            is_progress: false,
            created: Millis(1),
            updated: Millis(1),
            ttl: 1000,
            poll_interval: 500,
            inputs: BTreeMap::new(),
            answers: BTreeMap::new(),
            hidden: None,
            handed_back: 0,
            progress: None,
            signals: Signals::default(),
            workflow: None,
        }
    }

    fn decode(stored: StoredTask) -> Result<Task, StoreError> {
        Task::decode("test", TaskKey { owner: Owner::local().key(), id: TaskId::from_random([1; 16]) }, stored)
    }

    #[test]
    fn a_record_of_a_newer_version_is_refused_though_it_can_be_parsed() {
        assert!(decode(stored(&head())).is_ok());
        let error = decode(stored(&TaskHead { schema: SIGNALS_SCHEMA + 1, ..head() })).unwrap_err();
        assert!(error.to_string().contains("of a newer version"), "{error}");
        let unknown = serde_json::json!({ "schema": SIGNALS_SCHEMA + 1 }).to_string().into_bytes().into();
        let error = decode(StoredTask { head: unknown, ..stored(&head()) }).unwrap_err();
        assert!(error.to_string().contains("of a newer version"), "{error}");
    }

    #[test]
    fn a_record_under_the_key_of_another_owner_is_corrupt() {
        let owner = Owner::new(crate::task::OwnerKind::Subject, "", "eve");
        let error = decode(stored(&TaskHead { owner, ..head() })).unwrap_err();
        assert_eq!(error.code(), "corrupt");
    }

    #[test]
    fn a_broken_record_is_an_error_that_names_it() {
        for (what, broken) in [
            ("head", StoredTask { head: "{".into(), ..stored(&head()) }),
            ("body", StoredTask { body: Some("[]".into()), ..stored(&head()) }),
            ("outcome", StoredTask { outcome: Some("1".into()), ..stored(&head()) }),
        ] {
            let error = decode(broken).unwrap_err();
            assert!(error.to_string().contains(what) && error.code() == "corrupt", "{error}");
        }
    }

    #[test]
    fn equal_values_have_equal_bytes_whatever_the_order_of_their_keys() {
        let one: Value = serde_json::from_str(r#"{"b":{"d":1,"c":[{"y":1,"x":2}]},"a":0}"#).unwrap();
        for write in [canonical, sorted] {
            assert_eq!(write(&one).unwrap(), br#"{"a":0,"b":{"c":[{"x":2,"y":1}],"d":1}}"#);
        }
    }

    #[test]
    fn a_body_of_an_earlier_version_is_read_as_before() {
        let earlier = json!({
            "answers": {}, "arguments": { "a": 1 }, "client": ClientCapabilities::default(), "on_crash": "restart",
            "queued": false, "revision": Revision::V2025, "schema": 1, "tool": "tool", "variables": {},
        });
        let stored = StoredTask { body: Some(earlier.to_string().into_bytes().into()), ..stored(&head()) };
        let body = decode(stored).unwrap().body.unwrap();
        assert_eq!((&body.principal, &body.progress_token, &body.arguments["a"]), (&None, &None, &json!(1)));
        assert_eq!(body.trace, None);
        // And written as before, if there is nothing new to write.
        assert_eq!(serde_json::to_value(&body).unwrap(), earlier);
    }

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
        is_in_order(&TaskHead {
            signals,
            message: Some("text".into()),
            inputs: BTreeMap::from([("q".into(), question)]),
            answers: BTreeMap::from([("q".into(), value())]),
            hidden: Some(hidden),
            handed_back: 1,
            progress: Progress::new(1.0, Some(2.5)),
            workflow: Some(workflow),
            ..head()
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
