use pmcp_tasks::prelude::*;

#[task_tool]
async fn greet(#[ask("What is your name?")] _name: String) -> u32 {
    0
}

fn main() {}
