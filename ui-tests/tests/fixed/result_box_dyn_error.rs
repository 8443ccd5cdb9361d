use pmcp_tasks::prelude::*;

#[task_tool]
async fn import() -> Result<u32, ToolError> {
    Ok("1".parse()?)
}

fn main() {}
