use pmcp_tasks::prelude::*;

#[task_tool(meta = serde_json::json!({ "com.example/group": "numbers" }))]
async fn add(a: u32, b: u32) -> u32 {
    a + b
}

fn main() {}
