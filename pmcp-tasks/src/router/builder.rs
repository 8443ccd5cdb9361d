//! Making of a router: works, store and settings, checked together.

use std::{
    any::TypeId,
    collections::{HashMap, HashSet},
    fmt,
    sync::Arc,
    time::Duration,
};

use super::{
    asking,
    dynamic::Dynamic,
    fallback::{Companions, TaskFallback},
    registered::Registered,
    tools::Tools,
    workflow::{Flows, bindable},
};
use crate::{
    call::Caller,
    changes::ListChanges,
    engine::{Engine, EngineSettings, Execution},
    error::StoreError,
    gate::Target,
    limits::Limits,
    protocol::header,
    task::TaskStore,
    tool::{DynamicTools, Prepare, Registry, Tool, ToolDefinition, Work},
    workflow::{Flow, Workflow, WorkflowDefinition, bind, plan},
};

/// Collects tools for a [`TaskRouter`](super::TaskRouter).
pub struct TaskRouterBuilder<S> {
    state: S,
    tools: Vec<(TypeId, ToolDefinition, Prepare)>,
    /// Those of them that only workflows have named so far.
    of_steps: Vec<TypeId>,
    flows: Vec<Arc<dyn Flow>>,
    settings: EngineSettings,
    fallback: Option<TaskFallback>,
    /// The names of tools that views call.
    called_by_views: HashSet<String>,
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
    /// Two tools or workflows have one name.
    #[error("two tools or workflows are named `{0}`; give one of them another name with `name = \"…\"`")]
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
    /// A step of the server is a tool that asks its caller before it begins.
    #[error(
        "workflow `{workflow}`: step `{step}` calls `{tool}`, which asks for a parameter (`#[ask]`): make it a `client` step"
    )]
    StepAsks {
        /// The workflow.
        workflow: String,
        /// The step.
        step: String,
        /// The tool.
        tool: String,
    },
    /// An argument of a workflow has the name of the one that names a run.
    #[error("workflow `{0}`: its argument `_task_id` has the name of the one that names a run; rename it")]
    WorkflowArgument(String),
    /// A workflow that requires no argument does not say who begins it.
    #[error(
        "workflow `{0}`: it requires no argument, so a host that gets its prompt only to look may begin it; write \
         `start = \"tool\"`, or `start = \"both\"` or `\"prompt\"` where that does no harm"
    )]
    WorkflowStart(String),
    /// The lifetime of a workflow's runs is longer than runs exist.
    #[error(
        "workflow `{workflow}`: its `ttl` is longer than the longest run ({max:?}); raise `Limits::max_workflow_ttl` or lower it"
    )]
    WorkflowTtl {
        /// The workflow.
        workflow: String,
        /// The longest run.
        max: Duration,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl TaskRouterBuilder<()> {
    pub(super) fn new() -> Self {
        Self {
            state: (),
            tools: Vec::new(),
            of_steps: Vec::new(),
            flows: Vec::new(),
            settings: EngineSettings::default(),
            fallback: None,
            called_by_views: HashSet::new(),
        }
    }
}

impl<S: Clone + Send + Sync + 'static> TaskRouterBuilder<S> {
    /// The state that tools take parts of; call it before registering them.
    pub fn state<T: Clone + Send + Sync + 'static>(self, state: T) -> TaskRouterBuilder<T> {
        TaskRouterBuilder {
            state,
            tools: self.tools,
            of_steps: self.of_steps,
            flows: self.flows,
            settings: self.settings,
            fallback: self.fallback,
            called_by_views: self.called_by_views,
        }
    }

    /// The state that was given, for what is registered beside tools.
    pub fn current_state(&self) -> &S {
        &self.state
    }

    /// Registers a tool.
    #[must_use]
    pub fn tool<T: Tool<S>>(mut self /* and the tool as a type: `.tool::<add>()` */) -> Self {
        if let Some(at) = self.of_steps.iter().position(|id| *id == TypeId::of::<T>()) {
            self.of_steps.swap_remove(at);
            return self;
        }
        let state = self.state.clone();
        let prepare = Box::new(move |arguments| T::prepare(&state, arguments));
        self.tools.push((TypeId::of::<T>(), T::definition(), prepare));
        self
    }

    /// Offers tools that are made while the server runs, beside those that are registered; of one name the registered one counts. Other tools
    /// do not call them. What clients without tasks get of those that run as tasks is what [`task_fallback`](Self::task_fallback) says, if it
    /// is called.
    #[must_use]
    pub fn dynamic_tools(mut self, tools: impl DynamicTools) -> Self {
        if let Some(changes) = tools.changes() {
            let changes = changes.clone();
            self = self.list_changes(&changes);
        }
        self.settings.sources.0.push(Arc::new(tools));
        self
    }

    /// Registers a workflow, with the tools that its steps name: a tool that is registered before or after, or is named more than once, is one.
    #[must_use]
    pub fn workflow<W: Workflow<S>>(mut self /* and the workflow as a type: `.workflow::<Deploy>()` */) -> Self {
        let plan = plan::<W, S>();
        for tool in plan.tools() {
            if self.tools.iter().any(|(id, ..)| *id == tool.id) {
                continue;
            }
            let (state, prepare) = (self.state.clone(), tool.prepare);
            self.of_steps.push(tool.id);
            self.tools.push((tool.id, tool.definition, Box::new(move |arguments| prepare(&state, arguments))));
        }
        self.flows.push(bind(plan, self.state.clone()));
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

    /// Tells the names of tools that views of widgets call. Where a client shows widgets and knows no tasks, its views go on with
    /// the tasks of these by the tools of the [`TaskFallback`], whatever models get.
    #[must_use]
    pub fn called_by_views<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.called_by_views.extend(names.into_iter().map(Into::into));
        self
    }

    /// The tools that were registered so far, as they declare themselves.
    pub fn definitions(&self) -> impl Iterator<Item = &ToolDefinition> {
        self.tools.iter().map(|(_, definition, _)| definition)
    }

    /// Sets whether clients see what went wrong inside a tool. For development only.
    #[must_use]
    pub fn expose_errors(mut self, expose_errors: bool) -> Self {
        self.settings.expose_errors = expose_errors;
        self
    }

    /// Adds a rule of yours: the server offers something only to callers for whom it holds. What it does not hold for is not listed, and
    /// answers as what there is not, wherever it is asked for: also from inside other tools and in steps of workflows, by tasks of it
    /// and by templates. Of several rules all hold.
    ///
    /// A run goes on after a crash as its caller's: known by issuer, subject, client and scopes, without other claims.
    #[must_use]
    pub fn authorize(mut self, rule: impl Fn(&Caller, &Target<'_>) -> bool + Send + Sync + 'static) -> Self {
        let before = self.settings.gate.rule.take();
        self.settings.gate.rule = Some(Arc::new(move |caller: &Caller, target: &Target<'_>| {
            before.as_ref().is_none_or(|before| before(caller, target)) && rule(caller, target)
        }));
        self
    }

    /// Has clients told when a list has changed: what a rule of [`authorize`](Self::authorize) lets callers see, for example. Of the lists that these
    /// tell of the server declares that they change. Several are followed together.
    #[must_use]
    pub fn list_changes(mut self, changes: &ListChanges) -> Self {
        if !self.settings.changes.iter().any(|known| known.is_same(changes)) {
            self.settings.changes.push(changes.clone());
        }
        self
    }

    /// Sets whether tools are listed to callers who only lack their scopes, for a transport that tells them [which](super::TaskRouter::lacking_scopes).
    /// Calls of them are still refused as those of tools that there are not.
    #[must_use]
    pub fn step_up(mut self, step_up: bool) -> Self {
        self.settings.gate.lists_for_step_up = step_up;
        self
    }

    /// The parts of the router, with its tasks in this store.
    pub(super) fn parts(self, store: TaskStore) -> Result<(Arc<Engine>, Tools), BuildError> {
        let limits = &self.settings.limits;
        if limits.default_ttl > limits.max_ttl {
            return Err(BuildError::DefaultTtl { ttl: limits.default_ttl, max: limits.max_ttl });
        }
        let (mut all, mut order, mut works) = (HashMap::new(), Vec::new(), Registry::default());
        let mut flows = Flows::default();
        for flow in self.flows {
            check_flow(flow.definition(), limits)?;
            let name = flow.definition().name.clone();
            let work = flows.add(flow, limits);
            let work = work.map_err(|reason| BuildError::Schema { tool: name.clone(), reason })?;
            if !works.add(work) {
                return Err(BuildError::DuplicateTool(name));
            }
        }
        flows.close();
        for (_, mut definition, prepare) in self.tools {
            let name = definition.name.clone();
            let given = definition.publish().map_err(|reason| BuildError::Schema { tool: name.clone(), reason })?;
            check(&definition, limits)?;
            if flows.tools().iter().any(|tool| tool.name == name) {
                return Err(BuildError::DuplicateTool(name));
            }
            if !definition.questions.is_empty()
                && let Some((workflow, step)) = flows.calls(&name)
            {
                return Err(BuildError::StepAsks { workflow: workflow.to_owned(), step: step.to_owned(), tool: name });
            }
            let prepare = if definition.ui.widget.is_some() { viewed(prepare, store.clone()) } else { prepare };
            let work = Arc::new(Work::of_tool(&definition, Some(given), prepare));
            if flows.has_step(&name) {
                bindable(&mut definition);
            }
            if !works.add(work.clone()) {
                return Err(BuildError::DuplicateTool(name));
            }
            order.push(name.clone());
            let is_called_by_views = self.called_by_views.contains(&name);
            let meta = definition.ui.listed(&definition.meta, is_called_by_views);
            let with_ui = meta.map(|meta| Arc::new(ToolDefinition { meta, ..definition.clone() }));
            all.insert(name, Registered { definition: Arc::new(definition), with_ui, is_called_by_views, work });
        }
        // Without a word of the server, tools that say so themselves have the fallback.
        let has_fallback = self.fallback.is_some();
        let fallback = self.fallback.unwrap_or(TaskFallback { every_tool: false, ..TaskFallback::default() });
        let has_sources = !self.settings.sources.is_empty();
        let for_models = (has_sources && has_fallback) || all.values().any(|tool| fallback.covers(&tool.definition));
        let dynamic = Dynamic { called_by_views: self.called_by_views };
        let for_views = (has_sources && dynamic.called_by_views.iter().any(|name| !all.contains_key(name)))
            || all.values().any(Registered::may_run_for_views);
        let companions = Companions::new(fallback, (for_models, for_views), |name| all.contains_key(name));
        let companions = companions.map_err(BuildError::CompanionTool)?;
        let engine = Engine::new(works, store, self.settings)?;
        Ok((engine, Tools { all, order, companions, flows, dynamic }))
    }
}

/// The same calls with a name in each result, under which the view that shows it keeps its state.
fn viewed(prepare: Prepare, store: TaskStore) -> Prepare {
    Box::new(move |arguments| {
        let store = store.clone();
        prepare(arguments).map(|prepared| prepared.viewed(move || store.random_text().ok()))
    })
}

/// Fails if a workflow cannot be offered as it is declared.
fn check_flow(definition: &WorkflowDefinition, limits: &Limits) -> Result<(), BuildError> {
    if definition.arguments.pointer("/properties/_task_id").is_some() {
        return Err(BuildError::WorkflowArgument(definition.name.clone()));
    }
    if definition.start.is_none() && !definition.requires_arguments() {
        return Err(BuildError::WorkflowStart(definition.name.clone()));
    }
    if definition.ttl.is_some_and(|ttl| ttl > limits.max_workflow_ttl) {
        return Err(BuildError::WorkflowTtl { workflow: definition.name.clone(), max: limits.max_workflow_ttl });
    }
    Ok(())
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
    if limits.least_ttl(definition.timeout) > limits.max_ttl {
        return Err(BuildError::Timeout { tool: tool(), max: limits.max_ttl });
    }
    Ok(())
}
