use pmcp_tasks::prelude::*;

#[task_tool(annotations(read_only_hint = true))]
async fn add(a: u32) -> u32 {
    a
}

fn main() {}
