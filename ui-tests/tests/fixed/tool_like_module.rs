use pmcp_tasks::prelude::*;

mod sum {}

#[task_tool]
async fn add(a: u32) -> u32 {
    a
}

fn main() {}
