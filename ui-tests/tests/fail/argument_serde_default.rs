use pmcp_tasks::prelude::*;

#[task_tool]
async fn add(a: u32, #[serde(default)] b: u32) -> u32 {
    a + b
}

fn main() {}
