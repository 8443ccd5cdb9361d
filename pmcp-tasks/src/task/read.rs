//! Tasks as they are read from a store.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{
    InputRequest, Outcome, Owner, TaskBody, TaskHead, TaskId, TaskStatus, WorkflowHead, policy, signals::SIGNALS_SCHEMA,
};
use crate::{
    error::StoreError,
    protocol::TaskView,
    store::backend::{StoredTask, TaskKey},
    time::{Millis, millis},
};

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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{
        super::{Draft, OwnerKind, canonical},
        *,
    };
    use crate::{
        protocol::{ClientCapabilities, Revision},
        store::backend::Stamp,
    };

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
        Draft::new(TaskId::from_random([1; 16]), Millis(1), &Owner::local(), Duration::from_secs(1), "tool").head
    }

    fn decode(stored: StoredTask) -> Result<Task, StoreError> {
        Task::decode("test", TaskKey { owner: Owner::local().key(), id: TaskId::from_random([1; 16]) }, stored)
    }

    #[test]
    fn a_record_of_a_newer_version_is_refused_though_it_can_be_parsed() {
        assert!(decode(stored(&head())).is_ok());
        let error = decode(stored(&TaskHead { schema: SIGNALS_SCHEMA + 1, ..head() })).unwrap_err();
        assert!(error.to_string().contains("of a newer version"), "{error}");
        let unknown = json!({ "schema": SIGNALS_SCHEMA + 1 }).to_string().into_bytes().into();
        let error = decode(StoredTask { head: unknown, ..stored(&head()) }).unwrap_err();
        assert!(error.to_string().contains("of a newer version"), "{error}");
    }

    #[test]
    fn a_record_under_the_key_of_another_owner_is_corrupt() {
        let owner = Owner::new(OwnerKind::Subject, "", "eve");
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
}
