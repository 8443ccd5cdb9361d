use pmcp_tasks::prelude::*;

mod add {}

#[task_tool]
async fn add(a: u32) -> u32 {
    a
}

fn main() {}
