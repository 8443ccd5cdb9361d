//! The work a server can do, by name: what a task needs to be begun, recovered and shown.

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use super::{ArgumentError, Arguments, Prepared, ToolDefinition};
use crate::{
    gate::{Target, TargetKind},
    schema::{Compiled, Misfit},
    task::{FieldDefinition, OnCrash, Policy},
};

/// Accepts or refuses the arguments of a call.
pub(crate) type Prepare = Box<dyn Fn(Arguments) -> Result<Prepared, ArgumentError> + Send + Sync>;

/// Kind of a work, which says how it fails: the failure of a tool is a result that the model may read, that of another
/// request an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WorkKind {
    Tool,
    Request,
    /// Its tasks write how far they have come, and wait for others without anybody who holds them.
    Workflow,
}

/// A kind of work.
pub(crate) struct Work {
    pub(crate) kind: WorkKind,
    /// Its name, by which a task finds it again.
    pub(crate) name: Arc<str>,
    pub(crate) policy: Policy,
    /// The variables of its tasks.
    pub(crate) fields: Vec<FieldDefinition>,
    /// The scopes that its callers need.
    pub(crate) scopes: Vec<String>,
    /// It asks its caller before it begins.
    pub(crate) asks: bool,
    /// It may be called again when it is not known whether it was.
    pub(crate) is_repeatable: bool,
    /// It is a tool that was made at run time: its tasks know what others need who have them and not the tool.
    pub(crate) is_dynamic: bool,
    /// The schema of its arguments, as their type says it, and what reads them.
    prepare: Option<(Option<Compiled>, Prepare)>,
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work").field("kind", &self.kind).field("name", &self.name).finish_non_exhaustive()
    }
}

impl Work {
    /// That of a tool whose arguments have this schema, unless `prepare` holds them against it.
    pub(crate) fn of_tool(definition: &ToolDefinition, schema: Option<Compiled>, prepare: Prepare) -> Self {
        Self {
            kind: WorkKind::Tool,
            name: definition.name.as_str().into(),
            policy: definition.policy(),
            fields: definition.variables.clone(),
            scopes: definition.scopes.clone(),
            asks: !definition.questions.is_empty(),
            is_repeatable: definition.on_crash == OnCrash::Restart
                || [definition.annotations.read_only, definition.annotations.idempotent].contains(&Some(true)),
            is_dynamic: false,
            prepare: Some((schema, prepare)),
        }
    }

    /// The same of a tool that was made at run time.
    pub(crate) fn at_run_time(self) -> Self {
        Self { is_dynamic: true, ..self }
    }

    /// That of a tool made at run time, which is found when its task goes on.
    pub(crate) fn to_be_found(name: &str, policy: Policy, prepare: Prepare) -> Self {
        Self {
            kind: WorkKind::Tool,
            name: name.into(),
            policy,
            fields: Vec::new(),
            scopes: Vec::new(),
            asks: false,
            is_repeatable: false,
            is_dynamic: true,
            prepare: Some((None, prepare)),
        }
    }

    /// That of a workflow, which reads its arguments itself.
    pub(crate) fn of_workflow(
        (name, scopes): (&str, &[String]),
        policy: Policy,
        fields: Vec<FieldDefinition>,
        prepare: Prepare,
    ) -> Self {
        Self {
            kind: WorkKind::Workflow,
            name: name.into(),
            policy,
            fields,
            scopes: scopes.to_vec(),
            asks: false,
            is_repeatable: true,
            is_dynamic: false,
            prepare: Some((None, prepare)),
        }
    }

    /// That of a request which is prepared by whoever handles it, such as `prompts/get`.
    pub(crate) fn of_request(name: &str) -> Self {
        Self {
            kind: WorkKind::Request,
            name: name.into(),
            policy: Policy::default(),
            fields: Vec::new(),
            scopes: Vec::new(),
            asks: false,
            is_repeatable: true,
            is_dynamic: false,
            prepare: None,
        }
    }

    /// The work as the gate knows it; `None` of a request, which passes as what it is for.
    pub(crate) fn target(&self) -> Option<Target<'_>> {
        match self.kind {
            WorkKind::Tool => Some(Target::new(TargetKind::Tool, &self.name, &self.scopes)),
            WorkKind::Workflow => Some(Target::new(TargetKind::Workflow, &self.name, &self.scopes)),
            WorkKind::Request => None,
        }
    }

    /// A call with these arguments, which are read by their schema first: equal values of another form become those the type
    /// reads. The type judges their shape, whose names and choices may be more than its schema tells; the schema their bounds.
    ///
    /// # Errors
    /// They do not fit, or there is nothing that takes any.
    pub(crate) fn prepare(&self, arguments: Arguments) -> Result<Prepared, ArgumentError> {
        let (prepared, mistake) = self.read(arguments)?;
        match mistake {
            None => Ok(prepared),
            Some(mistake) => Err(ArgumentError { message: mistake.of_arguments() }),
        }
    }

    /// The same of a call that was accepted before, perhaps by an earlier version of the program: bounds that came since do not
    /// end it.
    ///
    /// # Errors
    /// The arguments do not fit their type, or there is nothing that takes any.
    pub(crate) fn prepare_again(&self, arguments: Arguments) -> Result<Prepared, ArgumentError> {
        self.read(arguments).map(|(prepared, _)| prepared)
    }

    /// The call, and the bound that its arguments pass.
    fn read(&self, mut arguments: Arguments) -> Result<(Prepared, Option<Misfit>), ArgumentError> {
        let Some((schema, prepare)) = &self.prepare else {
            return Err(ArgumentError { message: format!("`{}` takes no arguments", self.name) });
        };
        let mistake = schema.as_ref().and_then(|schema| schema.read_fields(&mut arguments.given).bound());
        Ok((prepare(arguments)?, mistake))
    }
}

/// All the work of a server.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    works: HashMap<Arc<str>, Arc<Work>>,
}

impl Registry {
    /// Adds work; `false` if some of this name is there already.
    pub(crate) fn add(&mut self, work: Arc<Work>) -> bool {
        self.works.insert(work.name.clone(), work).is_none()
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Arc<Work>> {
        self.works.get(name)
    }

    /// All of it.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Work>> {
        self.works.values()
    }

    /// The longest time that some work has for a run, of those that have one of their own.
    pub(crate) fn longest_timeout(&self) -> Option<Duration> {
        let works = self.works.values().filter(|work| work.kind != WorkKind::Workflow);
        works.filter_map(|work| work.policy.timeout).max()
    }
}
