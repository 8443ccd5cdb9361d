use pmcp_tasks::prelude::*;
use ui_tests::deploy::{ApproveRolloutArgs, build_image};

#[task_tool]
async fn release(task: TaskContext) -> Result<String, ToolError> {
    let report = task.call::<build_image>("eu", ApproveRolloutArgs { digest: "api".into() }).await?;
    Ok(report.digest)
}

fn main() {}
