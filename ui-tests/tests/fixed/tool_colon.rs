use pmcp_tasks::prelude::*;

#[task_tool(name = "sum")]
async fn add(a: u32) -> u32 {
    a
}

fn main() {}
