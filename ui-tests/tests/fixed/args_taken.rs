use pmcp_tasks::prelude::*;

#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
struct AddArgs {
    _verbose: bool,
}

#[task_tool(args = AddArguments)]
async fn add(a: u32) -> u32 {
    a
}

fn main() {}
