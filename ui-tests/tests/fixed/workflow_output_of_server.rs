use pmcp_tasks::prelude::*;
use ui_tests::deploy::Approval;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Deploy {
    service: String,
}

#[workflow]
impl Deploy {
    #[step]
    async fn approve(&self) -> Approval {
        Approval { approved: true }
    }
}

fn main() {}
