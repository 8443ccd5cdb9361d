use pmcp_tasks::prelude::*;

#[task_tool(crate = "::pmcp_tasks")]
async fn add(a: u32) -> u32 {
    a
}

fn main() {}
