use pmcp_tasks::prelude::*;

#[task_tool]
async fn render(#[context] _cx: String) -> Result<u8, ToolError> {
    Ok(0)
}

fn main() {}
