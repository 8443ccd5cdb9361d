//! Sources of tools that are made at run time: asked for each list and each call, with the caller in hand.

use std::{collections::BTreeMap, fmt, sync::Arc};

use async_trait::async_trait;
use parking_lot::RwLock;

use super::DynamicTool;
use crate::{
    call::Caller,
    changes::{List, ListChanges},
    error::ToolError,
};

/// The number of tools that one caller is shown of a [`DynamicTools`]; a [`ToolSet`] has no more.
pub const MOST_DYNAMIC_TOOLS: usize = 1000;

/// A source of tools that are made while the server runs: [`dynamic_tools`](crate::router::TaskRouterBuilder::dynamic_tools) takes it.
///
/// It is asked for every `tools/list`, and for every call of a name that no other tool of the server has, with who calls: what it shows to a
/// caller is its own choice. With `step_up` it is asked twice for a call over HTTP; it is asked, too, when a client sets variables of a task of its
/// tools, and when such a task goes on after a crash. What it gives passes the rules of [`authorize`](crate::router::TaskRouterBuilder::authorize) and the scopes of the
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

    /// The tool of this name, if there is one for this caller: of those that [`list`](Self::list) gives, unless there is a quicker way. It is
    /// also asked for the tool of a task that goes on after a crash, with the caller who made it, known by owner, subject, client, issuer
    /// and scopes.
    ///
    /// # Errors
    /// It cannot be told now: a call is answered with that, and a task waits. Where there is no such tool, its tasks end.
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
        let name = &tool.definition().name;
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
    use crate::tool::{ToolDefinition, ToolResult};

    fn named(name: &str) -> DynamicTool {
        let input_schema = json!({ "type": "object" });
        let definition = ToolDefinition { name: name.into(), input_schema, ..ToolDefinition::default() };
        DynamicTool::try_new(definition, |_, _| async { Ok(ToolResult::default()) }).unwrap()
    }

    #[test]
    fn a_set_has_so_many_tools_and_no_more() {
        let tools = ToolSet::new();
        let tool = named("t");
        for n in 0..MOST_DYNAMIC_TOOLS {
            assert!(tools.add(named(&format!("t{n}"))));
        }
        assert!(!tools.add(tool.clone()));
        assert!(tools.add(named("t7")));
        tools.remove("t7");
        tools.remove("t7");
        assert!(tools.add(tool.clone()) && !tools.add(named("u")));
    }
}
