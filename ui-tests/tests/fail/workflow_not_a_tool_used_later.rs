use pmcp_tasks::prelude::*;
use ui_tests::deploy::{BuildImageArgs, BuildReport, Validated};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Deploy {
    service: String,
}

struct Plain;

#[workflow]
impl Deploy {
    #[step]
    async fn validate(&self) -> Result<Validated, ToolError> {
        Ok(Validated { image: self.service.clone() })
    }

    #[step(tool = Plain)]
    fn build(&self, validate: &Validated) -> BuildImageArgs {
        BuildImageArgs { image: validate.image.clone() }
    }

    #[step]
    async fn check(&self, build: &BuildReport) -> Result<usize, ToolError> {
        Ok(build.digest.len())
    }
}

fn main() {}
