use pmcp_tasks::prelude::*;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Params {}

#[task_tool]
async fn add(#[args] _params: Params, b: u32) -> u32 {
    b
}

fn main() {}
