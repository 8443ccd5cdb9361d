use pmcp_tasks::prelude::*;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Deploy {
    service: String,
}

#[workflow]
impl Deploy {
    #[step]
    async fn first(&self, second: &u32) -> Result<u32, ToolError> {
        Ok(*second)
    }

    #[step]
    async fn second(&self, first: &u32) -> Result<u32, ToolError> {
        Ok(*first)
    }
}

fn main() {}
