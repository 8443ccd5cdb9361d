use pmcp_tasks::prelude::*;

struct Progress;

#[task_tool]
async fn render(_cx: TaskContext<Progress>) -> Result<u8, ToolError> {
    Ok(0)
}

fn main() {}
