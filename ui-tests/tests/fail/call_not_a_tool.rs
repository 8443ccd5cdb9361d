use pmcp_tasks::prelude::*;
use ui_tests::deploy::{BuildImageArgs, BuildReport};

struct Plain;

#[task_tool]
async fn release(task: TaskContext) -> Result<String, ToolError> {
    let report = task.call::<Plain>("eu", BuildImageArgs { image: "api".into() }).await?;
    let BuildReport { digest } = report;
    Ok(digest)
}

fn main() {}
