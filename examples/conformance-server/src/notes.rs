//! A tool that takes more than to be let in.

use pmcp_server::Server;
use pmcp_tasks::prelude::*;

use crate::App;

pub(crate) fn add_to(server: Server<App>) -> Server<App> {
    server.tool::<write_note>()
}

/// Writes a note, for whoever may write.
#[task_tool(support = "forbidden", scopes = ["notes:write"])]
async fn write_note(note: String, cx: ToolContext) -> String {
    let writer = cx.principal().and_then(|principal| principal.subject.as_deref()).unwrap_or("somebody");
    format!("{writer} wrote: {note}")
}
