use pmcp_tasks::prelude::*;

#[task_tool(scopes = [])]
async fn save() -> Result<(), ToolError> {
    Ok(())
}

fn main() {}
