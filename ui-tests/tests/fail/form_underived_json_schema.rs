use pmcp_tasks::prelude::*;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Order {
    pieces: u8,
}

#[task_tool]
async fn order(task: TaskContext) -> Result<u8, ToolError> {
    let Order { pieces } = task.elicit("How many?").await?;
    Ok(pieces)
}

fn main() {}
