use pmcp_tasks::prelude::*;

#[task_tool(icons = [icon("https://example.com/add.svg", theme = "drak")])]
async fn add(a: u32, b: u32) -> u32 {
    a + b
}

fn main() {}
