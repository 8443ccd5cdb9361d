use pmcp_tasks::prelude::*;
use ui_tests::deploy::A;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Deploy {
    service: String,
}

#[workflow]
impl Deploy {
    #[step]
    async fn one(&self, a: TaskContext<A>) -> Result<u32, ToolError> {
        Ok(a.variables().n.get().await?)
    }
}

fn main() {}
