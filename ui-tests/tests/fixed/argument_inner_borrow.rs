use pmcp_tasks::prelude::*;

#[task_tool]
async fn join(_words: Vec<String>) -> u32 {
    0
}

fn main() {}
