//! A server that lends books, for its tests: `cargo test -p tested`.

use std::time::Duration;

use pmcp_server::Server;
use pmcp_tasks::prelude::*;

/// What a reader sees of a loan.
#[derive(TaskVariables, Default)]
struct Loan {
    reminders: u32,
    #[variable(hidden)]
    shelf: Option<String>,
}

/// How a reader answers.
#[derive(Form)]
struct Answer {
    /// Bring it back now.
    returned: bool,
}

/// Tell on which shelf a book is.
#[task_tool(support = "forbidden", read_only)]
async fn find(title: String) -> Result<String, ToolError> {
    match title.as_str() {
        "Emma" => Ok("A1".into()),
        _ => Err(ToolError::new(format!("there is no book `{title}`"))),
    }
}

/// Lend a book for an hour in the reading room, and ask for it until it is back, three times at most.
#[task_tool(support = "required", ttl = "8h", on_crash = "restart")]
async fn lend(title: String, task: TaskContext<Loan>) -> Result<String, ToolError> {
    let shelf = task.step("take it from its shelf", || find(title.clone())).await?;
    task.variables().shelf.set(Some(shelf)).await?;
    for hour in 1..=3 {
        task.timer(format!("hour {hour}"), Duration::from_secs(60 * 60)).await?;
        task.variables().reminders.set(hour).await?;
        let Answer { returned } = task.elicit(format!("Do you bring `{title}` back?")).await?;
        if returned {
            return Ok(format!("`{title}` is back after {hour} hours"));
        }
    }
    Err(ToolError::new(format!("`{title}` is lost")))
}

/// The server.
#[must_use]
pub fn server() -> Server {
    Server::new("library", env!("CARGO_PKG_VERSION")).tool::<find>().tool::<lend>()
}

#[cfg(test)]
mod tests;
