use pmcp_tasks::prelude::*;

#[task_tool(support = "optional")]
async fn render(_cx: TaskContext) -> Result<u8, ToolError> {
    Ok(0)
}

fn main() {}
