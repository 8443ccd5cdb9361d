use pmcp_tasks::prelude::*;

#[task_tool]
async fn join(_words: impl Iterator) -> u32 {
    0
}

fn main() {}
