use pmcp_tasks::prelude::*;

struct Params {}

#[task_tool]
async fn add(#[args] _params: Params) -> u32 {
    0
}

fn main() {}
