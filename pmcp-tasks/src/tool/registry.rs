//! The work a server can do, by name: what a task needs to be begun, recovered and shown.

use std::{collections::HashMap, fmt, sync::Arc};

use super::{ArgumentError, Arguments, Prepared, ToolDefinition};
use crate::task::{FieldDefinition, Policy};

/// Accepts or refuses the arguments of a call.
type Prepare = Box<dyn Fn(Arguments) -> Result<Prepared, ArgumentError> + Send + Sync>;

/// Kind of a work, which says how it fails: the failure of a tool is a result that the model may read, that of another
/// request an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WorkKind {
    Tool,
    Request,
}

/// A kind of work.
pub(crate) struct Work {
    pub(crate) kind: WorkKind,
    /// Its name, by which a task finds it again.
    pub(crate) name: Arc<str>,
    pub(crate) policy: Policy,
    /// The variables of its tasks.
    pub(crate) fields: Vec<FieldDefinition>,
    prepare: Option<Prepare>,
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work").field("kind", &self.kind).field("name", &self.name).finish_non_exhaustive()
    }
}

impl Work {
    /// That of a tool.
    pub(crate) fn of_tool(
        definition: &ToolDefinition,
        prepare: impl Fn(Arguments) -> Result<Prepared, ArgumentError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            kind: WorkKind::Tool,
            name: definition.name.as_str().into(),
            policy: definition.policy(),
            fields: definition.variables.clone(),
            prepare: Some(Box::new(prepare)),
        }
    }

    /// That of a request which is prepared by whoever handles it, such as `prompts/get`.
    pub(crate) fn of_request(name: &str) -> Self {
        Self {
            kind: WorkKind::Request,
            name: name.into(),
            policy: Policy::default(),
            fields: Vec::new(),
            prepare: None,
        }
    }

    /// A call with these arguments.
    ///
    /// # Errors
    /// They do not fit, or there is nothing that takes any.
    pub(crate) fn prepare(&self, arguments: Arguments) -> Result<Prepared, ArgumentError> {
        match &self.prepare {
            Some(prepare) => prepare(arguments),
            None => Err(ArgumentError { message: format!("`{}` takes no arguments", self.name) }),
        }
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
}
