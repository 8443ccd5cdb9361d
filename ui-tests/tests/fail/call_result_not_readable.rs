use pmcp_tasks::prelude::*;
use ui_tests::deploy::{WriteOnlyArgs, write_only};

#[task_tool]
async fn release(task: TaskContext) -> Result<String, ToolError> {
    task.call::<write_only>("eu", WriteOnlyArgs { digest: "api".into() }).await?;
    Ok("released".to_owned())
}

fn main() {}
