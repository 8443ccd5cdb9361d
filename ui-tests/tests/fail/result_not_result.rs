use pmcp_tasks::prelude::task_tool;

#[derive(serde::Serialize, schemars::JsonSchema)]
struct Result;

#[task_tool]
async fn import() -> Result {
    Result
}

fn main() {}
