//! A cup of tea: a widget, the tool that opens it, one that only its page calls, and one that is a task.

mod tea;

use std::time::Duration;

use pmcp_server::{Server, apps::widget, pmcp_tasks::prelude::*};

use crate::tea::{Kind, Tea};

/// A cup of tea, which the user chooses and brews.
#[widget(
    dir = "widgets/app-name",
    title = "App title",
    invoking = "Putting the kettle on",
    tools(choose_tea, brew_tea)
)]
#[derive(Debug)]
pub struct AppName;

/// Show a cup of tea, which the user can brew.
#[task_tool(support = "forbidden", read_only, open_world = false, widget = AppName)]
async fn show_tea(#[arg(default)] kind: Kind) -> Tea {
    kind.tea()
}

/// Take another tea. Only the page calls it: no model is told of it.
#[task_tool(
    support = "forbidden",
    read_only,
    open_world = false,
    visibility = "app"
)]
async fn choose_tea(kind: Kind) -> Tea {
    kind.tea()
}

/// The state of a cup, as the page sees it while the task runs.
#[derive(TaskVariables, Default)]
struct Cup {
    minutes: u8,
}

/// Brew a tea: a task, which tells how far it is and asks whether to go on.
#[task_tool(support = "optional", destructive = false, open_world = false)]
async fn brew_tea(kind: Kind, task: TaskContext<Cup>) -> Result<String, ToolError> {
    let mut minutes = kind.tea().minutes;
    for minute in 1..=minutes {
        // A minute takes a second here.
        task.sleep(Duration::from_secs(1)).await?;
        task.variables().minutes.set(minute).await?;
        task.progress(minute, minutes).await;
    }
    // No answer is a no, as from a host that cannot ask.
    let longer = task.elicit("Let it steep a minute longer?").await;
    if longer.unwrap_or(false) {
        task.sleep(Duration::from_secs(1)).await?;
        minutes += 1;
    }
    Ok(format!("Your tea is ready after {minutes} minutes."))
}

/// The server, with everything that it offers.
#[must_use]
pub fn server() -> Server {
    Server::new("app-name", env!("CARGO_PKG_VERSION"))
        .title("App title")
        .tool::<show_tea>()
        .tool::<choose_tea>()
        .tool::<brew_tea>()
        .widget::<AppName>()
}
