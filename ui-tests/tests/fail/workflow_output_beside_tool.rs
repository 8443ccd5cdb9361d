use pmcp_tasks::prelude::*;
use ui_tests::deploy::{Approval, ApproveRolloutArgs, Validated, approve_rollout};

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

    #[step(client, tool = approve_rollout, output = Approval)]
    fn approve(&self, validate: &Validated) -> ApproveRolloutArgs {
        ApproveRolloutArgs { digest: validate.image.clone() }
    }
}

fn main() {}
