use pmcp_tasks::prelude::*;
use ui_tests::deploy::Validated;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Deploy {
    service: String,
}

#[workflow]
impl Deploy {
    #[step]
    async fn one(&self, task: TaskContext<Validated>) -> Result<u32, ToolError> {
        task.check_cancelled()?;
        Ok(1)
    }
}

fn main() {}
