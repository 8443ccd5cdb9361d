use pmcp_tasks::prelude::*;
use ui_tests::deploy::{BuildImageArgs, plain_function};

#[task_tool]
async fn release(task: TaskContext) -> Result<String, ToolError> {
    let report = task.call::<plain_function>("eu", BuildImageArgs { image: "api".into() }).await?;
    Ok(report.digest)
}

fn main() {}
