use pmcp_tasks::prelude::*;
use ui_tests::deploy::{Validated, WriteOnly, WriteOnlyArgs, write_only};

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

    #[step(tool = write_only)]
    fn build(&self, validate: &Validated) -> WriteOnlyArgs {
        WriteOnlyArgs { digest: validate.image.clone() }
    }

    #[step]
    async fn check(&self, build: &WriteOnly) -> Result<usize, ToolError> {
        Ok(build.digest.len())
    }
}

fn main() {}
