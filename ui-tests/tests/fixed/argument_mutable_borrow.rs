use pmcp_tasks::prelude::*;

#[task_tool]
async fn sort(_rows: Vec<u32>) -> u32 {
    0
}

fn main() {}
