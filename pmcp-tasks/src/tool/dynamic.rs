//! Tools that are made while the server runs: by a database, a configuration that is read again, another server behind this one.
//!
//! The program does not have their types: a definition by hand says what they take, and arguments are held against its schema before the
//! function sees them. Who has such tools is a [`DynamicTools`], asked for each list and each call with the caller in hand; a
//! [`ToolSet`] is one that is the same for all.

use std::{collections::BTreeMap, fmt, sync::Arc};

use async_trait::async_trait;
use parking_lot::RwLock;
use serde_json::{Map, Value};

use super::{ArgumentError, Arguments, Prepared, TaskSupport, ToolDefinition, ToolResult, Work};
use crate::{
    call::Caller,
    changes::{List, ListChanges},
    context::ToolContext,
    error::ToolError,
    protocol::Revision,
};

/// The number of tools that one caller is shown of a [`DynamicTools`]; a [`ToolSet`] has no more.
pub const MOST_DYNAMIC_TOOLS: usize = 1000;

/// The size of what lists say of a tool made at run time, as JSON, in bytes.
pub const LARGEST_DYNAMIC_TOOL: usize = 64 << 10;

/// The length of a tool's name.
const LONGEST_NAME: usize = 128;

/// A tool that was made while the server runs: a definition that was checked, and the function behind it. Cheap to clone.
#[derive(Clone)]
pub struct DynamicTool {
    definition: Arc<ToolDefinition>,
    work: Arc<Work>,
}

impl fmt::Debug for DynamicTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamicTool").field("name", &self.definition.name).finish_non_exhaustive()
    }
}

/// Reason why a definition is none of a tool that can be made at run time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DynamicToolError {
    /// Its name is not 1 to 128 of `A-Z a-z 0-9 _ - .`.
    #[error("a tool's name is 1 to 128 of `A-Z a-z 0-9 _ - .`")]
    Name,
    /// Its arguments have no form that clients take, or cannot be checked.
    #[error("tool `{tool}`: {reason}")]
    Schema {
        /// The tool.
        tool: String,
        /// Explanation of it, with the argument.
        reason: String,
    },
    /// It is larger than [`LARGEST_DYNAMIC_TOOL`].
    #[error("tool `{tool}`: what lists say of it has {size} bytes; {LARGEST_DYNAMIC_TOOL} are allowed")]
    TooLarge {
        /// The tool.
        tool: String,
        /// Its size.
        size: usize,
    },
    /// It declares something that only tools have which the program has from the start.
    #[error("tool `{tool}`: one that is made at run time has no {what}")]
    Unsupported {
        /// The tool.
        tool: String,
        /// The thing that it has not.
        what: &'static str,
    },
    /// It says that it changes nothing, and that it may destroy something.
    #[error("tool `{0}` is `read_only` and `destructive`: what changes nothing destroys nothing")]
    Annotations(String),
}

impl DynamicTool {
    /// A tool that runs this function. It gets arguments which fit the definition's `input_schema`: equal values of another form were read as what
    /// the schema asks for, and others were refused with the name of the argument. Conditions (`if`, `dependentRequired` and
    /// their like) are listed and not checked. `output_schema` is a promise of the function, which nobody checks.
    ///
    /// It runs inside its call and is no task, so that nothing is left of it in a process that does not have it: `support` is
    /// [`Forbidden`](TaskSupport::Forbidden). Nor has it variables, questions that come before it, a widget, or arguments that headers repeat. Through
    /// its context it asks its client, tells progress and knows its caller as every tool does.
    ///
    /// # Errors
    /// The definition is none of such a tool.
    pub fn try_new<F, R>(mut definition: ToolDefinition, run: F) -> Result<Self, DynamicToolError>
    where
        F: Fn(Map<String, Value>, ToolContext) -> R + Send + Sync + 'static,
        R: Future<Output = Result<ToolResult, ToolError>> + Send + 'static,
    {
        if !is_name(&definition.name) {
            return Err(DynamicToolError::Name);
        }
        let tool = || definition.name.clone();
        if let Some(what) = unsupported(&definition) {
            return Err(DynamicToolError::Unsupported { tool: tool(), what });
        }
        if let (Some(true), Some(true)) = (definition.annotations.read_only, definition.annotations.destructive) {
            return Err(DynamicToolError::Annotations(tool()));
        }
        check_size(&definition)?;
        let name = definition.name.clone();
        let schema = definition.publish().map_err(|reason| DynamicToolError::Schema { tool: name, reason })?;
        // What was put together may be larger than it was.
        check_size(&definition)?;
        let run = Arc::new(run);
        let prepare = move |Arguments { mut given, .. }: Arguments| {
            // There is no type to judge them.
            if let Some(misfit) = schema.read_fields(&mut given).any() {
                return Err(ArgumentError { message: misfit.of_arguments() });
            }
            let run = run.clone();
            Ok(Prepared::new(move |cx| run(given, cx.tool())))
        };
        let work = Arc::new(Work::of_tool(&definition, None, Box::new(prepare)));
        Ok(Self { definition: Arc::new(definition), work })
    }

    /// The definition, as it is listed.
    #[must_use]
    pub fn definition(&self) -> &ToolDefinition {
        &self.definition
    }

    /// The parts of it that a router has of every tool.
    pub(crate) fn into_parts(self) -> (Arc<ToolDefinition>, Arc<Work>) {
        (self.definition, self.work)
    }
}

/// Tells whether a tool may have this name.
pub(crate) fn is_name(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(is_part)
}

/// The thing that a definition declares and such a tool cannot have.
fn unsupported(definition: &ToolDefinition) -> Option<&'static str> {
    let has = [
        (definition.support != TaskSupport::Forbidden, "tasks"),
        (!definition.questions.is_empty(), "questions that come before it"),
        (!definition.variables.is_empty(), "variables"),
        (definition.ui.widget.is_some(), "widget"),
        // A schema that is none is told as that.
        (!definition.header_parameters().is_empty(), "arguments that headers repeat"),
    ];
    has.into_iter().find_map(|(has, what)| has.then_some(what))
}

/// Refuses a tool of which lists would say too much.
fn check_size(definition: &ToolDefinition) -> Result<(), DynamicToolError> {
    let listed = Revision::V2025.tool(&definition.view());
    let size = serde_json::to_vec(&listed).map_or(usize::MAX, |bytes| bytes.len());
    if size > LARGEST_DYNAMIC_TOOL {
        return Err(DynamicToolError::TooLarge { tool: definition.name.clone(), size });
    }
    Ok(())
}

/// A source of tools that are made while the server runs: [`dynamic_tools`](crate::router::TaskRouterBuilder::dynamic_tools) takes it.
///
/// It is asked for every `tools/list`, and for every call of a name that no other tool of the server has, with who calls: what it shows to a
/// caller is its own choice. What it gives passes the rules of [`authorize`](crate::router::TaskRouterBuilder::authorize) and the scopes of the
/// definition besides. It is waited for ten seconds. Make tools once and clone them: a schema is taken apart when its tool is made.
///
/// ```
/// use async_trait::async_trait;
/// use pmcp_tasks::{
///     TaskRouter, TaskStore,
///     call::{CallContext, Caller, Revision},
///     prelude::*,
///     tool::{DynamicTool, DynamicToolError, DynamicTools, ToolDefinition},
/// };
/// use serde_json::json;
///
/// /// The reports that somebody has defined, each a tool.
/// #[derive(Debug)]
/// struct Reports(Vec<DynamicTool>);
///
/// #[async_trait]
/// impl DynamicTools for Reports {
///     async fn list(&self, caller: &Caller) -> Result<Vec<DynamicTool>, ToolError> {
///         // Whoever runs the server sees all; another caller those that are granted.
///         let may = |tool: &DynamicTool| caller.has_scope(&format!("report:{}", tool.definition().name));
///         Ok(self.0.iter().filter(|tool| may(tool)).cloned().collect())
///     }
/// }
///
/// fn report(name: &str) -> Result<DynamicTool, DynamicToolError> {
///     let days = json!({ "type": "integer", "minimum": 1 });
///     let definition = ToolDefinition {
///         name: name.into(),
///         input_schema: json!({ "type": "object", "properties": { "days": days }, "required": ["days"] }),
///         ..ToolDefinition::default()
///     };
///     DynamicTool::try_new(definition, |arguments, _| async move {
///         Ok(ToolResult::text(format!("the last {} days", arguments["days"])))
///     })
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let reports = Reports(vec![report("sales")?, report("returns")?]);
/// let router = TaskRouter::builder().dynamic_tools(reports).build(TaskStore::memory())?;
///
/// let caller = CallContext::new(Revision::V2025, Caller::local());
/// let listed = router.handle("tools/list", &json!({}), &caller).await.answer()?;
/// assert_eq!(listed["tools"][0]["name"], "returns");
/// let call = json!({ "name": "sales", "arguments": { "days": 7.0 } });
/// let result = router.handle("tools/call", &call, &caller).await.answer()?;
/// assert_eq!(result["content"][0]["text"], "the last 7 days");
/// let call = json!({ "name": "sales", "arguments": { "days": 0 } });
/// let result = router.handle("tools/call", &call, &caller).await.answer()?;
/// assert_eq!(result["isError"], true);
/// # Ok(()) }
/// ```
#[async_trait]
pub trait DynamicTools: fmt::Debug + Send + Sync + 'static {
    /// The tools for this caller. A tool whose name another one of the server has is left out; of two with one name, and of more than
    /// [`MOST_DYNAMIC_TOOLS`], the later ones are.
    ///
    /// # Errors
    /// They cannot be told now: the list is answered with an error that says so and no more, and the log tells why.
    async fn list(&self, caller: &Caller) -> Result<Vec<DynamicTool>, ToolError>;

    /// The tool of this name, if there is one for this caller: of those that [`list`](Self::list) gives, unless there is a quicker way.
    ///
    /// # Errors
    /// It cannot be told now.
    async fn find(&self, name: &str, caller: &Caller) -> Result<Option<DynamicTool>, ToolError> {
        Ok(self.list(caller).await?.into_iter().find(|tool| tool.definition().name == name))
    }

    /// The one who tells that the list has changed. Without, clients are told of no change, and are asked not to keep the list.
    fn changes(&self) -> Option<&ListChanges> {
        None
    }
}

/// Tools that come and go, the same for all callers. Clone it into whatever changes it: clients are told that the list has changed.
///
/// ```
/// use pmcp_tasks::{TaskRouter, TaskStore, ToolResult, tool::{DynamicTool, ToolDefinition, ToolSet}};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let tools = ToolSet::new();
/// let router = TaskRouter::builder().dynamic_tools(tools.clone()).build(TaskStore::memory())?;
///
/// let input_schema = serde_json::json!({ "type": "object" });
/// let definition = ToolDefinition { name: "ping".into(), input_schema, ..ToolDefinition::default() };
/// assert!(tools.add(DynamicTool::try_new(definition, |_, _| async { Ok(ToolResult::text("pong")) })?));
/// tools.remove("ping");
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct ToolSet {
    tools: Arc<RwLock<BTreeMap<String, DynamicTool>>>,
    changes: ListChanges,
}

impl Default for ToolSet {
    fn default() -> Self {
        Self::new()
    }
}

impl ToolSet {
    /// One without tools.
    #[must_use]
    pub fn new() -> Self {
        Self { tools: Arc::default(), changes: ListChanges::of([List::Tools]) }
    }

    /// Adds a tool, in place of one of this name; tells whether there was room for it.
    #[must_use]
    pub fn add(&self, tool: DynamicTool) -> bool {
        let mut tools = self.tools.write();
        let name = &tool.definition.name;
        let fits = tools.len() < MOST_DYNAMIC_TOOLS || tools.contains_key(name);
        if fits {
            tools.insert(name.clone(), tool);
            self.changes.changed(List::Tools);
        }
        fits
    }

    /// Takes a tool away; one that is not there is ignored. Calls of it that are under way go on.
    pub fn remove(&self, name: &str) {
        if self.tools.write().remove(name).is_some() {
            self.changes.changed(List::Tools);
        }
    }
}

#[async_trait]
impl DynamicTools for ToolSet {
    async fn list(&self, _: &Caller) -> Result<Vec<DynamicTool>, ToolError> {
        Ok(self.tools.read().values().cloned().collect())
    }

    async fn find(&self, name: &str, _: &Caller) -> Result<Option<DynamicTool>, ToolError> {
        Ok(self.tools.read().get(name).cloned())
    }

    fn changes(&self) -> Option<&ListChanges> {
        Some(&self.changes)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tool::{Question, ToolAnnotations};

    fn made(definition: ToolDefinition) -> Result<DynamicTool, DynamicToolError> {
        DynamicTool::try_new(definition, |_, _| async { Ok(ToolResult::default()) })
    }

    fn named(name: &str) -> ToolDefinition {
        ToolDefinition { name: name.into(), input_schema: json!({ "type": "object" }), ..ToolDefinition::default() }
    }

    #[test]
    fn a_definition_is_checked_when_its_tool_is_made() {
        assert!(made(named("Get-rows_2.x")).is_ok() && made(named(&"x".repeat(128))).is_ok());
        for name in ["", "a b", "a/b", "ä", &"x".repeat(129)] {
            assert_eq!(made(named(name)).unwrap_err(), DynamicToolError::Name, "{name}");
        }
        for schema in [json!({ "type": "string" }), json!({ "$ref": "#/$defs/no" })] {
            let definition = ToolDefinition { input_schema: schema, ..named("t") };
            assert!(matches!(made(definition), Err(DynamicToolError::Schema { .. })));
        }
        let large = ToolDefinition { description: Some("x".repeat(LARGEST_DYNAMIC_TOOL)), ..named("t") };
        assert!(matches!(made(large), Err(DynamicToolError::TooLarge { .. })));
        let annotations =
            ToolAnnotations { read_only: Some(true), destructive: Some(true), ..ToolAnnotations::default() };
        let contradicts = ToolDefinition { annotations, ..named("t") };
        assert_eq!(made(contradicts).unwrap_err(), DynamicToolError::Annotations("t".into()));
    }

    #[test]
    fn a_schema_that_stands_for_more_than_it_says_is_refused() {
        for keyword in ["allOf", "anyOf"] {
            let both = |to: usize| vec![json!({ "$ref": format!("#/$defs/d{to}") }); 2];
            let defs: Map<_, _> = (0..15)
                .map(|n| (format!("d{n}"), json!({ "description": "x", keyword: both(n + 1) })))
                .chain([("d15".into(), json!({ "type": "object" }))])
                .collect();
            let schema = json!({ "$defs": defs, "$ref": "#/$defs/d0" });
            let error = made(ToolDefinition { input_schema: schema, ..named("t") }).unwrap_err();
            assert!(error.to_string().contains("more than 1000 parts"), "{error}");
        }
        // Put together it is too large, though it is not as it is.
        let text = "x".repeat(1000);
        let parts = vec![json!({ "$ref": "#/$defs/d" }); 100];
        let schema = json!({ "$defs": { "d": { "type": "object", "description": text } }, "allOf": parts });
        let error = made(ToolDefinition { input_schema: schema, ..named("t") }).unwrap_err();
        assert!(matches!(error, DynamicToolError::TooLarge { .. }), "{error}");
    }

    #[test]
    fn what_such_a_tool_cannot_have_is_refused() {
        let question = Question { name: "a", message: "?", schema: json!({ "type": "string" }) };
        let header = json!({ "type": "object", "properties": { "a": { "type": "string", "x-mcp-header": "A" } } });
        for (definition, missing) in [
            (ToolDefinition { support: TaskSupport::Optional, ..named("t") }, "tasks"),
            (ToolDefinition { questions: vec![question], ..named("t") }, "questions that come before it"),
            (ToolDefinition { input_schema: header, ..named("t") }, "arguments that headers repeat"),
        ] {
            let error = made(definition).unwrap_err();
            assert_eq!(error, DynamicToolError::Unsupported { tool: "t".into(), what: missing });
        }
    }

    #[test]
    fn a_set_has_so_many_tools_and_no_more() {
        let tools = ToolSet::new();
        let tool = made(named("t")).unwrap();
        for n in 0..MOST_DYNAMIC_TOOLS {
            assert!(tools.add(made(named(&format!("t{n}"))).unwrap()));
        }
        assert!(!tools.add(tool.clone()));
        assert!(tools.add(made(named("t7")).unwrap()));
        tools.remove("t7");
        tools.remove("t7");
        assert!(tools.add(tool.clone()) && !tools.add(made(named("u")).unwrap()));
    }
}
