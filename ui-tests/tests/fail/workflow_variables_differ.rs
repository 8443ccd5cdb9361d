use pmcp_tasks::prelude::*;
use ui_tests::deploy::{A, B};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Deploy {
    service: String,
}

#[workflow]
impl Deploy {
    #[step]
    async fn one(&self, task: TaskContext<A>) -> Result<u32, ToolError> {
        Ok(task.variables().n.get().await?)
    }

    #[step]
    async fn two(&self, task: TaskContext<B>) -> Result<u32, ToolError> {
        Ok(task.variables().n.get().await?)
    }
}

fn main() {}
