use pmcp_tasks::{TaskRouter, prelude::*};

#[task_tool(ttl = "soon")]
async fn add(a: u32, task: TaskContext) -> Result<u32, ToolError> {
    task.check_cancelled()?;
    Ok(a)
}

async fn call(task: TaskContext) -> Result<u32, ToolError> {
    let AddArgs { a } = AddArgs { a: 1 };
    add(a, task).await
}

fn register<T: pmcp_tasks::tool::Tool<()>>() {}

fn main() {
    let _ = TaskRouter::builder().tool::<add>();
    let _ = call;
    register::<add>();
}
