use pmcp_tasks::prelude::*;
use ui_tests::deploy::{BuildReport, Validated};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Deploy {
    service: String,
}

#[workflow]
impl Deploy {
    #[step]
    async fn validate(&self) -> Result<Validated, ToolError> {
        Ok(Validated { image: self.service.clone() })
    }

    #[step]
    async fn check(&self, validate: &BuildReport) -> Result<usize, ToolError> {
        Ok(validate.digest.len())
    }
}

fn main() {}
