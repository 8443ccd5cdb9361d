use pmcp_tasks::prelude::*;

#[task_tool(timeout = "1430m")]
async fn add(a: u32) -> u32 {
    a
}

fn main() {}
