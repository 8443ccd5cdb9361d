use pmcp_tasks::prelude::*;

#[task_tool(ttl = "1h")]
async fn add(a: u32) -> u32 {
    a
}

fn main() {}
