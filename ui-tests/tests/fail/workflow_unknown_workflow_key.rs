use pmcp_tasks::prelude::*;
use ui_tests::deploy::Validated;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Deploy {
    service: String,
}

#[workflow(titel = "x")]
impl Deploy {
    #[step]
    async fn validate(&self) -> Result<Validated, ToolError> {
        Ok(Validated { image: self.service.clone() })
    }
}

fn main() {}
