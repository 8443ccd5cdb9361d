//! Tools that are made while the server runs: by a database, a configuration that is read again, another server behind this one.
//!
//! The program does not have their types: a definition by hand says what they take, and arguments are held against its schema before the
//! function sees them. Who has such tools is a [source](super::DynamicTools).

use std::{fmt, sync::Arc};

use serde_json::{Map, Value};

use super::{ArgumentError, Arguments, Prepared, TaskSupport, ToolDefinition, ToolResult, Work};
use crate::{
    context::{TaskContext, TaskVariables, ToolContext},
    error::ToolError,
    protocol::Revision,
    task::FieldDefinition,
};

/// The size of what lists say of a tool made at run time, as JSON, in bytes.
pub const LARGEST_DYNAMIC_TOOL: usize = 64 << 10;

/// The length of a tool's name.
const LONGEST_NAME: usize = 128;

/// The number of scopes that one of these tools may need, and the length of each.
const MOST_SCOPES: usize = 32;
const LONGEST_SCOPE: usize = 256;

/// A tool that was made while the server runs: a definition that was checked, and the function behind it. Cheap to clone.
#[derive(Clone)]
pub struct DynamicTool {
    definition: Arc<ToolDefinition>,
    /// The same for clients that show widgets; `None` if they are told nothing more.
    with_ui: Option<Arc<ToolDefinition>>,
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
    /// Its function takes a task, and it never runs as one.
    #[error("tool `{0}` never runs as a task, and its function takes one: set `support`, or take a `ToolContext`")]
    NoTask(String),
    /// A variable's value in a new task is none that can be stored.
    #[error("tool `{tool}`: the value that variable `{variable}` has in a new task is not one that JSON can hold")]
    Variable {
        /// The tool.
        tool: String,
        /// The variable.
        variable: &'static str,
    },
    /// It needs more than 32 scopes, or one that is none: 1 to 256 printable characters of ASCII without a space, `"` or `\`.
    #[error(
        "tool `{0}`: its scopes are at most 32, each 1 to 256 printable ASCII characters without a space, `\"` or `\\`"
    )]
    Scopes(String),
    /// It says that it changes nothing, and that it may destroy something.
    #[error("tool `{0}` is `read_only` and `destructive`: what changes nothing destroys nothing")]
    Annotations(String),
}

impl DynamicTool {
    /// A tool that runs this function. It gets arguments which fit the definition's `input_schema`: equal values of another form were read as what
    /// the schema asks for, and others were refused with the name of the argument. Conditions (`if`, `dependentRequired` and
    /// their like) are listed and not checked. `output_schema` is a promise of the function, which nobody checks.
    ///
    /// It has what other tools have: scopes, hints, icons, `_meta`, [a widget](super::ToolUi::opening) whose document the server offers, and
    /// tasks where `support` says so, be it that the function only tells its progress and asks. One that records steps or has variables is made by
    /// [`try_task`](Self::try_task). It has no questions that come before it, and no arguments that headers repeat.
    ///
    /// # Errors
    /// The definition is none of such a tool.
    pub fn try_new<F, R>(definition: ToolDefinition, run: F) -> Result<Self, DynamicToolError>
    where
        F: Fn(Map<String, Value>, ToolContext) -> R + Send + Sync + 'static,
        R: Future<Output = Result<ToolResult, ToolError>> + Send + 'static,
    {
        let run = Arc::new(run);
        let call = move |given| {
            let run = run.clone();
            Prepared::new(move |cx| run(given, cx.tool()))
        };
        Self::make(definition, Vec::new(), call)
    }

    /// A tool whose function has its task, with the variables of a type that the program has: the same arguments, and the same rules beside.
    ///
    /// A task whose process dies ends or goes on as the definition's `on_crash` says. Its tool is asked of the server's sources then, in the
    /// name of who called: the task goes on if one gives it, waits while one [fails](super::DynamicTools::find), and ends as failed if for half a
    /// minute none has it. All processes that share a store are to have the same tools. The time that a run takes and the scopes that
    /// callers need for the task are those of the definition with which it was called; one that took the name since runs for those who have its scopes
    /// alone. `ttl` and `timeout` are bounded by the server's
    /// [`Limits`](crate::Limits).
    ///
    /// ```
    /// use pmcp_tasks::{
    ///     prelude::*,
    ///     tool::{DynamicTool, OnCrash, TaskSupport, ToolDefinition},
    /// };
    /// use serde_json::json;
    ///
    /// #[derive(TaskVariables, Default)]
    /// struct Copied {
    ///     rows: u64,
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let definition = ToolDefinition {
    ///     name: "copy-orders".into(),
    ///     input_schema: json!({ "type": "object" }),
    ///     support: TaskSupport::Optional,
    ///     on_crash: OnCrash::Restart,
    ///     ..ToolDefinition::default()
    /// };
    /// let copy = DynamicTool::try_task(definition, async |_, task: TaskContext<Copied>| {
    ///     let rows = task.step("count", async || Ok::<_, ToolError>(7)).await?;
    ///     task.variables().rows.set(rows).await?;
    ///     Ok(ToolResult::text(format!("{rows} rows")))
    /// })?;
    /// # let _ = copy;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The definition is none of such a tool, says that it is never a task, or has variables of its own, or the value of a variable in a new task
    /// cannot be stored.
    pub fn try_task<V, F, R>(definition: ToolDefinition, run: F) -> Result<Self, DynamicToolError>
    where
        V: TaskVariables,
        F: Fn(Map<String, Value>, TaskContext<V>) -> R + Send + Sync + 'static,
        R: Future<Output = Result<ToolResult, ToolError>> + Send + 'static,
    {
        if definition.support == TaskSupport::Forbidden {
            return Err(DynamicToolError::NoTask(definition.name));
        }
        let run = Arc::new(run);
        let call = move |given| {
            let run = run.clone();
            Prepared::new(move |cx| run(given, cx.task()))
        };
        Self::make(definition, V::fields(), call)
    }

    fn make(
        mut definition: ToolDefinition,
        variables: Vec<FieldDefinition>,
        call: impl Fn(Map<String, Value>) -> Prepared + Send + Sync + 'static,
    ) -> Result<Self, DynamicToolError> {
        if !is_name(&definition.name) {
            return Err(DynamicToolError::Name);
        }
        check(&definition)?;
        let tool = || definition.name.clone();
        let unfit = |field: &&FieldDefinition| field.default.is_null() && (field.check)(&field.default).is_err();
        if let Some(field) = variables.iter().find(unfit) {
            return Err(DynamicToolError::Variable { tool: tool(), variable: field.name });
        }
        check_size(&definition)?;
        let name = tool();
        let schema = definition.publish().map_err(|reason| DynamicToolError::Schema { tool: name, reason })?;
        // What was put together may be larger than it was.
        check_size(&definition)?;
        definition.variables = variables;
        let with_ui = seen_by_hosts(&definition, false);
        with_ui.as_ref().map_or(Ok(()), check_size)?;
        let opens_widget = definition.ui.widget.is_some();
        let prepare = move |Arguments { mut given, .. }: Arguments| {
            // There is no type to judge them.
            if let Some(misfit) = schema.read_fields(&mut given).any() {
                return Err(ArgumentError { message: misfit.of_arguments() });
            }
            let prepared = call(given);
            Ok(if opens_widget { prepared.viewed_there() } else { prepared })
        };
        let work = Work::of_tool(&definition, None, Box::new(prepare)).at_run_time();
        Ok(Self { definition: Arc::new(definition), with_ui: with_ui.map(Arc::new), work: Arc::new(work) })
    }

    /// The definition, as it is listed.
    #[must_use]
    pub fn definition(&self) -> &ToolDefinition {
        &self.definition
    }

    /// The definition for clients that show widgets, if they are told more.
    pub(crate) fn with_ui(&self) -> Option<&Arc<ToolDefinition>> {
        self.with_ui.as_ref()
    }

    /// The same of a tool that a view names among those it calls.
    pub(crate) fn called_by_views(&self) -> Option<ToolDefinition> {
        seen_by_hosts(&self.definition, true)
    }

    pub(crate) fn work(&self) -> &Arc<Work> {
        &self.work
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

/// Tells whether a scope is one (RFC 6749, section 3.3): it is told to clients in a header.
fn is_scope(scope: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    (1..=LONGEST_SCOPE).contains(&scope.len()) && scope.bytes().all(is_part)
}

/// Refuses a definition that says what such a tool cannot have.
fn check(definition: &ToolDefinition) -> Result<(), DynamicToolError> {
    let tool = || definition.name.clone();
    let has = [
        (!definition.questions.is_empty(), "questions that come before it"),
        (!definition.variables.is_empty(), "variables beside those of its function"),
        // A schema that is none is told as that.
        (!definition.header_parameters().is_empty(), "arguments that headers repeat"),
    ];
    if let Some(what) = has.into_iter().find_map(|(has, what)| has.then_some(what)) {
        return Err(DynamicToolError::Unsupported { tool: tool(), what });
    }
    if definition.scopes.len() > MOST_SCOPES || !definition.scopes.iter().all(|scope| is_scope(scope)) {
        return Err(DynamicToolError::Scopes(tool()));
    }
    if let (Some(true), Some(true)) = (definition.annotations.read_only, definition.annotations.destructive) {
        return Err(DynamicToolError::Annotations(tool()));
    }
    Ok(())
}

/// The definition as clients that show widgets see it, if they are told more.
fn seen_by_hosts(definition: &ToolDefinition, is_called_by_views: bool) -> Option<ToolDefinition> {
    let meta = definition.ui.listed(&definition.meta, is_called_by_views)?;
    Some(ToolDefinition { meta, ..definition.clone() })
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
        assert!(made(ToolDefinition { scopes: vec!["notes:read".into()], ..named("t") }).is_ok());
        let long = "x".repeat(257);
        for scopes in [vec![""], vec!["a b"], vec!["a\"b"], vec![&long], vec!["a"; 33]] {
            let scopes = scopes.into_iter().map(str::to_owned).collect();
            let error = made(ToolDefinition { scopes, ..named("t") }).unwrap_err();
            assert_eq!(error, DynamicToolError::Scopes("t".into()));
        }
        let without = DynamicTool::try_task(named("t"), |_, _: TaskContext| async { Ok(ToolResult::default()) });
        assert_eq!(without.unwrap_err(), DynamicToolError::NoTask("t".into()));
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
            (ToolDefinition { questions: vec![question], ..named("t") }, "questions that come before it"),
            (ToolDefinition { input_schema: header, ..named("t") }, "arguments that headers repeat"),
        ] {
            let error = made(definition).unwrap_err();
            assert_eq!(error, DynamicToolError::Unsupported { tool: "t".into(), what: missing });
        }
    }
}
