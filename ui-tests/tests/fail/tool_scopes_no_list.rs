use pmcp_tasks::prelude::*;

#[task_tool(scopes = "files:write")]
async fn save() -> Result<(), ToolError> {
    Ok(())
}

fn main() {}
