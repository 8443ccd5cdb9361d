use pmcp_tasks::prelude::*;

#[task_tool(scopes = ["files:read files:write"])]
async fn save() -> Result<(), ToolError> {
    Ok(())
}

fn main() {}
