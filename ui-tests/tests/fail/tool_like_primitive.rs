use pmcp_tasks::prelude::*;

#[task_tool]
async fn str() -> u8 {
    0
}

fn main() {}
