use pmcp_tasks::prelude::*;

#[derive(Form)]
struct Order(u8);

#[task_tool]
async fn order(task: TaskContext) -> Result<u8, ToolError> {
    Ok(task.elicit::<Order>("How many?").await?.0)
}

fn main() {}
