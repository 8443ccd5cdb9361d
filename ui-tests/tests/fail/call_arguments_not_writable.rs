use pmcp_tasks::prelude::*;
use ui_tests::deploy::{ReadOnly, read_only};

#[task_tool]
async fn release(task: TaskContext) -> Result<String, ToolError> {
    let arguments = ReadOnly { digest: "sha256:1f".into() };
    task.call::<read_only>("eu", arguments).await
}

fn main() {}
