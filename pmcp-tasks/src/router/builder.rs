//! Making of a router: works, store and settings, checked together.

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use super::{
    asking,
    fallback::{Companions, TaskFallback},
    tools::{Registered, Tools},
};
use crate::{
    engine::{Engine, EngineSettings, Execution},
    error::StoreError,
    limits::Limits,
    protocol::header,
    task::TaskStore,
    tool::{Prepare, Registry, Tool, ToolDefinition, Work},
};

/// Collects tools for a [`TaskRouter`](super::TaskRouter).
pub struct TaskRouterBuilder<S> {
    state: S,
    tools: Vec<(ToolDefinition, Prepare)>,
    settings: EngineSettings,
    fallback: Option<TaskFallback>,
}

impl<S: fmt::Debug> fmt::Debug for TaskRouterBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskRouterBuilder").field("state", &self.state).finish_non_exhaustive()
    }
}

/// Reason why a router cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Two tools have one name.
    #[error("two tools are named `{0}`; give one of them another name with `name = \"…\"`")]
    DuplicateTool(String),
    /// Its arguments have no form that clients take, or cannot be checked.
    #[error("tool `{tool}`: {reason}")]
    Schema {
        /// The tool.
        tool: String,
        /// Explanation of it, with the argument.
        reason: String,
    },
    /// A question cannot be asked in the protocol's forms.
    #[error("tool `{tool}`: the client cannot be asked for `{parameter}`: {reason}")]
    Question {
        /// The tool.
        tool: String,
        /// The `#[ask]` parameter.
        parameter: &'static str,
        /// Explanation of it.
        reason: String,
    },
    /// An argument cannot be repeated in a header.
    #[error("tool `{tool}`: {reason}")]
    Header {
        /// The tool.
        tool: String,
        /// Explanation of it.
        reason: String,
    },
    /// A tool may run longer than tasks exist.
    #[error("tool `{tool}`: its timeout and ten minutes are longer than the longest task ({max:?})")]
    Timeout {
        /// The tool.
        tool: String,
        /// The longest task.
        max: Duration,
    },
    /// The lifetime of a tool's tasks is longer than tasks exist.
    #[error("tool `{tool}`: its `ttl` is longer than the longest task ({max:?}); raise `Limits::max_ttl` or lower it")]
    Ttl {
        /// The tool.
        tool: String,
        /// The longest task.
        max: Duration,
    },
    /// The lifetime of tasks of which nobody says otherwise is longer than tasks exist.
    #[error("`Limits::default_ttl` ({ttl:?}) is longer than `Limits::max_ttl` ({max:?})")]
    DefaultTtl {
        /// The default.
        ttl: Duration,
        /// The longest task.
        max: Duration,
    },
    /// A tool says that it changes nothing, and that it may destroy something.
    #[error(
        "tool `{0}` is `read_only` and `destructive`: what changes nothing destroys nothing; leave one of them out"
    )]
    Annotations(String),
    /// A variable's value in a new task is none that can be stored.
    #[error("tool `{tool}`: the value that variable `{variable}` has in a new task is not one that JSON can hold")]
    Variable {
        /// The tool.
        tool: String,
        /// The variable.
        variable: &'static str,
    },
    /// A tool has the name of one that goes on with tasks for clients that know none.
    #[error("a tool is named `{0}`, as one that clients without tasks need; rename either, see `TaskFallback`")]
    CompanionTool(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl TaskRouterBuilder<()> {
    pub(super) fn new() -> Self {
        Self { state: (), tools: Vec::new(), settings: EngineSettings::default(), fallback: None }
    }
}

impl<S: Clone + Send + Sync + 'static> TaskRouterBuilder<S> {
    /// The state that tools take parts of; call it before registering them.
    pub fn state<T: Clone + Send + Sync + 'static>(self, state: T) -> TaskRouterBuilder<T> {
        TaskRouterBuilder { state, tools: self.tools, settings: self.settings, fallback: self.fallback }
    }

    /// Registers a tool.
    #[must_use]
    pub fn tool<T: Tool<S>>(mut self /* and the tool as a type: `.tool::<add>()` */) -> Self {
        let state = self.state.clone();
        self.tools.push((T::definition(), Box::new(move |arguments| T::prepare(&state, arguments))));
        self
    }

    /// Other limits than the default ones.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.settings.limits = limits;
        self
    }

    /// Sets the time a worker may go without renewing its lease before others that share the store take its tasks over.
    /// Default 10 seconds; it is renewed four times as often. It is this worker's own: others go by it whatever theirs are, and
    /// look often enough for it. A store that takes no writes for so long is no takeover: what runs here goes on, its steps wait.
    #[must_use]
    pub fn lease(mut self, period: Duration) -> Self {
        self.settings.lease = period;
        self
    }

    /// Sets which process runs the tasks that are created here.
    #[must_use]
    pub fn execution(mut self, execution: Execution) -> Self {
        self.settings.execution = execution;
        self
    }

    /// Runs queued tasks here, at most `at_once` at the same time.
    #[must_use]
    pub fn worker(mut self, at_once: usize) -> Self {
        self.settings.at_once = Some(at_once);
        self
    }

    /// Sets what clients that know no tasks get when a call takes long. It holds for tools with `fallback = "handle"`,
    /// and for every other tool with tasks unless [`every_tool`](TaskFallback::every_tool) is off.
    #[must_use]
    pub fn task_fallback(mut self, fallback: TaskFallback) -> Self {
        self.fallback = Some(fallback);
        self
    }

    /// Sets whether clients see what went wrong inside a tool. For development only.
    #[must_use]
    pub fn expose_errors(mut self, expose_errors: bool) -> Self {
        self.settings.expose_errors = expose_errors;
        self
    }

    /// The parts of the router, with its tasks in this store.
    pub(super) fn parts(self, store: TaskStore) -> Result<(Arc<Engine>, Tools), BuildError> {
        let limits = &self.settings.limits;
        if limits.default_ttl > limits.max_ttl {
            return Err(BuildError::DefaultTtl { ttl: limits.default_ttl, max: limits.max_ttl });
        }
        let (mut all, mut order, mut works) = (HashMap::new(), Vec::new(), Registry::default());
        for (mut definition, prepare) in self.tools {
            let name = definition.name.clone();
            let given = definition.publish().map_err(|reason| BuildError::Schema { tool: name.clone(), reason })?;
            check(&definition, limits)?;
            let work = Arc::new(Work::of_tool(&definition, given, prepare));
            if !works.add(work.clone()) {
                return Err(BuildError::DuplicateTool(name));
            }
            order.push(name.clone());
            all.insert(name, Registered { definition: Arc::new(definition), work });
        }
        // Without a word of the server, tools that say so themselves have the fallback.
        let fallback = self.fallback.unwrap_or(TaskFallback { every_tool: false, ..TaskFallback::default() });
        let companions = if all.values().any(|tool| fallback.covers(&tool.definition)) {
            let companions = Companions::new(fallback, |name| all.contains_key(name));
            Some(companions.map_err(BuildError::CompanionTool)?)
        } else {
            None
        };
        let engine = Engine::new(works, store, self.settings)?;
        Ok((engine, Tools { all, order, companions }))
    }
}

/// Fails if a tool cannot be offered as it is declared.
fn check(definition: &ToolDefinition, limits: &Limits) -> Result<(), BuildError> {
    let tool = || definition.name.clone();
    for question in &definition.questions {
        asking::form(question).map_err(|error| BuildError::Question {
            tool: tool(),
            parameter: question.name,
            reason: error.to_string(),
        })?;
    }
    header::parameters(&definition.input_schema).map_err(|reason| BuildError::Header { tool: tool(), reason })?;
    if definition.ttl.is_some_and(|ttl| ttl > limits.max_ttl) {
        return Err(BuildError::Ttl { tool: tool(), max: limits.max_ttl });
    }
    if let (Some(true), Some(true)) = (definition.annotations.read_only, definition.annotations.destructive) {
        return Err(BuildError::Annotations(tool()));
    }
    for field in &definition.variables {
        if field.default.is_null() && (field.check)(&field.default).is_err() {
            return Err(BuildError::Variable { tool: tool(), variable: field.name });
        }
    }
    if limits.ttl(None, None, definition.timeout) > limits.max_ttl {
        return Err(BuildError::Timeout { tool: tool(), max: limits.max_ttl });
    }
    Ok(())
}
