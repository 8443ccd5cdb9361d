use pmcp_tasks::prelude::*;

#[task_tool]
#[async_trait::async_trait]
async fn add(a: u32) -> u32 {
    a
}

fn main() {}
