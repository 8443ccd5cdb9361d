use pmcp_tasks::prelude::*;
use ui_tests::deploy::{BuildImageArgs, build_image};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Deploy {
    service: String,
}

type Result = std::result::Result<BuildImageArgs, ToolError>;

#[workflow]
impl Deploy {
    #[step(tool = build_image)]
    fn build(&self) -> Result {
        Ok(BuildImageArgs { image: self.service.clone() })
    }
}

fn main() {}
