use pmcp_tasks::prelude::*;

#[task_tool]
async fn render(#[arg(default = 1)] _cx: TaskContext) -> Result<u8, ToolError> {
    Ok(0)
}

fn main() {}
