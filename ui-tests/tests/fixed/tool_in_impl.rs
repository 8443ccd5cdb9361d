use pmcp_tasks::prelude::*;

struct Calculator;

#[task_tool]
async fn add(a: u32) -> u32 {
    a
}

fn _call() -> impl Future {
    add(1)
}

fn main() {}
