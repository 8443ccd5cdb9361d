use pmcp_tasks::prelude::*;

#[task_tool(title = "Add", title = "Sum")]
async fn add(a: u32) -> u32 {
    a
}

fn main() {}
