//! The hooks by which the suite has a list change: nothing in it is different then, but clients are told so.

use pmcp_server::Server;
use pmcp_tasks::{
    changes::{List, ListChanges},
    prelude::*,
};

use crate::App;

pub(crate) fn add_to(server: Server<App>, changes: &ListChanges) -> Server<App> {
    server.list_changes(changes).tool::<test_trigger_tool_change>().tool::<test_trigger_prompt_change>()
}

/// Tells clients that the list of tools has changed.
#[task_tool(support = "forbidden")]
async fn test_trigger_tool_change(State(changes): State<ListChanges>) -> &'static str {
    changes.changed(List::Tools);
    "The list of tools has changed."
}

/// Tells clients that the list of prompts has changed.
#[task_tool(support = "forbidden")]
async fn test_trigger_prompt_change(State(changes): State<ListChanges>) -> &'static str {
    changes.changed(List::Prompts);
    "The list of prompts has changed."
}
