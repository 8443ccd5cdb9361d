use pmcp_tasks::prelude::*;

#[task_tool]
async fn add(#[arg(default = "one")] _a: u32) -> u32 {
    0
}

fn main() {}
