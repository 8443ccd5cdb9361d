use pmcp_tasks::prelude::*;

#[task_tool]
async fn import(task: TaskContext) -> Result<u32, ToolError> {
    let rows = task.step("read", || async { Ok(std::fs::read("rows")?) }).await?;
    task.step("add", || async { Ok::<_, ToolError>(rows.into_iter().map(u32::from).sum()) }).await
}

fn main() {}
