use pmcp_tasks::prelude::*;

#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
struct AddArgs {
    a: u32,
}

#[task_tool]
async fn add(args: AddArgs) -> u32 {
    args.a
}

fn main() {}
