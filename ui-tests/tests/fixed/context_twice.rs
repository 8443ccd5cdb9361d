use pmcp_tasks::prelude::*;

#[task_tool]
async fn render(_task: TaskContext) -> Result<u8, ToolError> {
    Ok(0)
}

fn main() {}
