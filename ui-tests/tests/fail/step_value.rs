use pmcp_tasks::prelude::*;

struct Rows(u32);

#[task_tool]
async fn import(task: TaskContext) -> Result<u32, ToolError> {
    let rows = task.step("read", || async { Ok::<_, ToolError>(Rows(1)) }).await?;
    Ok(rows.0)
}

fn main() {}
