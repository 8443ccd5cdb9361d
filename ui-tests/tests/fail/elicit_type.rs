use pmcp_tasks::prelude::*;

struct Name;

#[task_tool]
async fn greet(cx: ToolContext) -> Result<u32, ToolError> {
    let _name: Name = cx.elicit("What is your name?").await?;
    Ok(0)
}

fn main() {}
