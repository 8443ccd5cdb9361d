//! A look at everything that a store has of a task.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::TaskHandle;
use crate::{
    error::StoreError,
    store::backend::{Holder, Parts},
    task::{InputRequest, OnCrash, Outcome, Owner, SIGNAL, STEP, TIMER, Task, TaskStatus},
    time::Millis,
};

/// Everything that a store has of a task, for an operator's eyes: hidden variables and results of steps are among it. It serialises,
/// with times in milliseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Look {
    /// Its id.
    pub id: String,
    /// Its owner.
    pub owner: Owner,
    /// The tool it runs, or the workflow.
    pub tool: String,
    /// The arguments of the call.
    pub arguments: Map<String, Value>,
    /// Its state.
    pub status: TaskStatus,
    /// Set if it ended with a result that has `isError`.
    pub is_error: bool,
    /// A text about its state, for the user.
    pub message: Option<String>,
    /// Time of its creation.
    pub created: Millis,
    /// Time its state or message last changed.
    pub updated: Millis,
    /// Time at which it ceases to exist.
    pub expires: Millis,
    /// The rule for when its worker dies.
    pub on_crash: OnCrash,
    /// Whoever is to run it; nobody once it has ended, and while a workflow waits for its client.
    pub holder: Option<HeldBy>,
    /// Number of runs there were, the one that goes on included.
    pub attempt: u32,
    /// Its variables as they are stored; those that were never set are not there.
    pub variables: BTreeMap<String, LookedVariable>,
    /// The results of its steps that are recorded, by name.
    pub steps: BTreeMap<String, Value>,
    /// Of a run of a workflow, what its steps came to: `at`, `by`, `arguments` and `result`.
    pub workflow_steps: BTreeMap<String, Value>,
    /// Its open questions, by key.
    pub questions: BTreeMap<String, InputRequest>,
    /// The signals it waits for, with the JSON Schemas of their values.
    pub awaited_signals: BTreeMap<String, Value>,
    /// The signals that came, with their values.
    pub signals: BTreeMap<String, Value>,
    /// The timers it has waited for, with the times at which they run out.
    pub timers: BTreeMap<String, Millis>,
    /// Its end, once it has one.
    pub outcome: Option<Outcome>,
}

/// Whoever is to run a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HeldBy {
    /// Nobody yet: the next worker that takes it from the queue.
    Queue,
    /// This worker, by its id in hexadecimal.
    Worker(String),
}

impl From<Holder> for HeldBy {
    fn from(holder: Holder) -> Self {
        match holder {
            Holder::Queue => Self::Queue,
            Holder::Worker(worker) => Self::Worker(format!("{:032x}", worker.0)),
        }
    }
}

/// A variable of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LookedVariable {
    /// Its value.
    pub value: Value,
    /// Set if no client sees it: it is one that its tool hides, or of a tool that was called from inside the task.
    pub hidden: bool,
}

impl TaskHandle {
    /// Looks at the task; `None` if this owner has none with the id. It reads all of the task: one operation of the store.
    ///
    /// # Errors
    /// The store failed, or a record is corrupt.
    pub async fn look(&self) -> Result<Option<Look>, StoreError> {
        let Some(task) = self.read(Parts::all()).await? else { return Ok(None) };
        let backend = self.store.capabilities().name;
        let values = task.variables(backend)?;
        Ok(look(task, values))
    }
}

fn look(task: Task, values: Map<String, Value>) -> Option<Look> {
    let attempt = task.attempt();
    let Task { key, head, body, outcome, stored } = task;
    let body = body?;
    let variables = values.into_iter().map(|(name, value)| {
        let hidden = name.contains('/') || body.hidden.contains(&name);
        (name, LookedVariable { value, hidden })
    });
    let mut look = Look {
        id: key.id.to_string(),
        owner: head.owner,
        tool: body.tool,
        arguments: body.arguments,
        status: head.status,
        is_error: head.is_error,
        message: head.message,
        created: head.created,
        updated: head.updated,
        expires: stored.expires,
        on_crash: body.on_crash,
        holder: stored.holder.map(Into::into),
        attempt,
        variables: variables.collect(),
        steps: BTreeMap::new(),
        workflow_steps: BTreeMap::new(),
        questions: head.inputs,
        awaited_signals: head.signals.asked().clone(),
        signals: BTreeMap::new(),
        timers: BTreeMap::new(),
        outcome: outcome.map(std::sync::Arc::unwrap_or_clone),
    };
    for (name, bytes) in stored.steps.into_iter().flatten() {
        // What cannot be read is for whoever runs the task to tell.
        let value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        if let Some(name) = name.strip_prefix(SIGNAL) {
            look.signals.insert(name.to_owned(), value);
        } else if let Some(name) = name.strip_prefix(TIMER) {
            look.timers.insert(name.to_owned(), Millis(value[0].as_u64().unwrap_or_default()));
        } else if let Some(name) = name.strip_prefix(STEP) {
            look.workflow_steps.insert(name.to_owned(), value);
        } else if !name.starts_with("run.pmcp/") {
            look.steps.insert(name, value);
        }
    }
    Some(look)
}
