use pmcp_tasks::prelude::*;

#[task_tool]
async fn add(_task_id: u32) -> u32 {
    0
}

fn main() {}
