use pmcp_tasks::prelude::*;

#[task_tool]
async fn draw() -> Vec<ToolResult> {
    vec![ToolResult::text("a dot")]
}

fn main() {}
