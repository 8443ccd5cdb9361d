use pmcp_tasks::prelude::*;

fn group() -> serde_json::Value {
    serde_json::json!({ "com.example/group": "numbers" })
}

#[task_tool(meta = group())]
async fn add(a: u32, b: u32) -> u32 {
    a + b
}

fn main() {}
