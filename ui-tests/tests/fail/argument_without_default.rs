use pmcp_tasks::prelude::*;

#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
struct Row {}

#[task_tool]
async fn import(#[arg(default)] _row: Row) -> u32 {
    0
}

fn main() {}
