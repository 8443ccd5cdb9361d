use pmcp_tasks::prelude::*;
use ui_tests::deploy::{ReadOnly, Validated, read_only};

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

    #[step(tool = read_only)]
    fn build(&self, validate: &Validated) -> ReadOnly {
        ReadOnly { digest: validate.image.clone() }
    }
}

fn main() {}
