use pmcp_tasks::prelude::*;

#[task_tool(read_only)]
async fn add(a: u32) -> u32 {
    a
}

fn main() {}
