use pmcp_tasks::prelude::*;
use ui_tests::deploy::Validated;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Deploy {
    service: String,
}

#[workflow]
impl Deploy {
    #[step]
    async fn validate<T: Default>(&self) -> Result<Validated, ToolError> {
        Ok(Validated { image: String::new() })
    }
}

fn main() {}
