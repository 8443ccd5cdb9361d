use pmcp_tasks::prelude::*;
use ui_tests::deploy::{BuildImageArgs, Validated, build_image};

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

    #[step(tool = build_imag)]
    fn build(&self, validate: &Validated) -> BuildImageArgs {
        BuildImageArgs { image: validate.image.clone() }
    }
}

fn main() {}
