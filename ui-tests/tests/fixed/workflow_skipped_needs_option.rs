use pmcp_tasks::prelude::*;
use ui_tests::deploy::{ApproveRolloutArgs, BuildImageArgs, BuildReport, Validated, approve_rollout, build_image};

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

    #[step(tool = build_image)]
    fn build(&self, validate: &Validated) -> Option<BuildImageArgs> {
        (!validate.image.is_empty()).then(|| BuildImageArgs { image: validate.image.clone() })
    }

    #[step(tool = approve_rollout)]
    fn approve(&self, build: Option<&BuildReport>) -> Option<ApproveRolloutArgs> {
        Some(ApproveRolloutArgs { digest: build?.digest.clone() })
    }
}

fn main() {}
