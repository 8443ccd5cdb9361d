use pmcp_tasks::prelude::*;

type Context = ToolContext;

#[task_tool]
async fn render(#[context] _cx: &Context) -> u32 {
    0
}

fn main() {}
