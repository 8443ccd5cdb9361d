use pmcp_tasks::prelude::*;

#[task_tool]
async fn add(pair: (u32, u32)) -> u32 {
    let (_a, _b) = pair;
    0
}

fn main() {}
