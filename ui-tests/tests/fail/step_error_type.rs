use pmcp_tasks::prelude::*;

struct NoRows;

#[task_tool]
async fn import(task: TaskContext) -> Result<u32, ToolError> {
    task.step("read", || async { Err::<u32, _>(NoRows) }).await
}

fn main() {}
