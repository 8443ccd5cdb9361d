use pmcp_tasks::prelude::*;

#[derive(Form)]
struct Order {
    pieces: u8,
}

#[task_tool]
async fn order(task: TaskContext) -> Result<u8, ToolError> {
    let Order { pieces } = task.elicit("How many?").await?;
    Ok(pieces)
}

fn main() {}
