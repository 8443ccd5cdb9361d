use pmcp_tasks::prelude::*;

#[task_tool]
async fn create(task: TaskContext) -> Result<String, ToolError> {
    let id = task.step("id", async || Ok::<_, ToolError>(uuid::Uuid::nil())).await?;
    Ok(id.to_string())
}

fn main() {}
