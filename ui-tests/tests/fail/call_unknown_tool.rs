use pmcp_tasks::prelude::*;
use ui_tests::deploy::{BuildImageArgs, build_image};

#[task_tool]
async fn release(task: TaskContext) -> Result<String, ToolError> {
    let report = task.call::<build_imag>("eu", BuildImageArgs { image: "api".into() }).await?;
    Ok(report.digest)
}

fn main() {}
