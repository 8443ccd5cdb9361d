use pmcp_tasks::prelude::*;

#[task_tool]
async fn draw() -> ToolResult {
    ToolResult::text("a dot").with(Content::image([1], "image/png"))
}

fn main() {}
