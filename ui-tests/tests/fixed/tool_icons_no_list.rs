use pmcp_tasks::prelude::*;

#[task_tool(icons = ["https://example.com/add.svg"])]
async fn add(a: u32, b: u32) -> u32 {
    a + b
}

fn main() {}
