use pmcp_tasks::prelude::*;

struct Name;

#[task_tool]
async fn greet(#[ask("What is your name?")] _name: Name) -> u32 {
    0
}

fn main() {}
