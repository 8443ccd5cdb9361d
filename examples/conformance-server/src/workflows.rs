//! A workflow that tells where it is, and waits there for as long as somebody wants it to.

use std::{path::Path, time::Duration};

use pmcp_server::Server;
use pmcp_tasks::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{App, tasks::append};

pub(crate) fn add_to(server: Server<App>) -> Server<App> {
    server.workflow::<Assembly>()
}

/// Assemble a thing, and write down in a directory what is done.
#[derive(Deserialize, JsonSchema)]
struct Assembly {
    /// The directory, on the server.
    path: String,
}

#[workflow]
impl Assembly {
    /// Cut the parts.
    #[step]
    async fn cut(&self, task: TaskContext) -> Result<String, ToolError> {
        work(&self.path, "cut", &task).await
    }

    #[step(tool = glue_parts)]
    fn glue(&self, cut: &str) -> GluePartsArgs {
        GluePartsArgs { path: self.path.clone(), parts: cut.to_owned() }
    }

    /// Ask the user for a colour.
    #[step(client, output = String)]
    fn colour(&self, glue: &str) -> String {
        glue.to_owned()
    }

    /// Look at it with the user: call the tool.
    #[step(client, tool = inspect)]
    fn look(&self, glue: &str, colour: &str) -> InspectArgs {
        InspectArgs { path: self.path.clone(), thing: format!("{glue}, {colour}") }
    }

    /// Paint it.
    #[step]
    async fn paint(&self, _colour: &str, _look: &str, task: TaskContext) -> Result<String, ToolError> {
        work(&self.path, "paint", &task).await
    }

    #[step(tool = ship_thing)]
    fn ship(&self, paint: &str) -> ShipThingArgs {
        ShipThingArgs { path: self.path.clone(), thing: paint.to_owned() }
    }
}

/// Glues parts together.
#[task_tool(on_crash = "restart")]
async fn glue_parts(path: &str, parts: &str, task: TaskContext) -> Result<String, ToolError> {
    work(path, "glue", &task).await.map(|done| format!("{parts}, {done}"))
}

/// Looks at a thing.
#[task_tool(support = "forbidden")]
async fn inspect(path: &str, thing: &str) -> Result<String, ToolError> {
    append(&in_directory(path, "effects"), "look").await?;
    Ok(format!("{thing}: good"))
}

/// Ships a thing, which must not be done twice.
#[task_tool]
async fn ship_thing(path: &str, thing: &str, task: TaskContext) -> Result<String, ToolError> {
    work(path, "ship", &task).await.map(|done| format!("{thing}, {done}"))
}

/// Does something in a recorded step: a line in the file `effects`.
async fn work(path: &str, name: &str, task: &TaskContext) -> Result<String, ToolError> {
    reach(path, &format!("{name}.before"), task).await?;
    task.step("effect", || async {
        append(&in_directory(path, "effects"), name).await?;
        reach(path, &format!("{name}.within"), task).await
    })
    .await?;
    reach(path, &format!("{name}.after"), task).await?;
    Ok(format!("{name} is done"))
}

/// Adds a place to the file `places`, and stays there while the file `hold` names it.
async fn reach(path: &str, place: &str, task: &TaskContext) -> Result<(), ToolError> {
    append(&in_directory(path, "places"), place).await?;
    while std::fs::read_to_string(in_directory(path, "hold")).is_ok_and(|held| held == place) {
        if let Err(cancelled) = task.sleep(Duration::from_millis(10)).await {
            append(&in_directory(path, "places"), "cancelled").await?;
            return Err(cancelled.into());
        }
    }
    Ok(())
}

fn in_directory(path: &str, file: &str) -> String {
    Path::new(path).join(file).display().to_string()
}
