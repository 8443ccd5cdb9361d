use pmcp_tasks::prelude::*;
use ui_tests::deploy::A;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Deploy {
    service: String,
}

#[workflow]
impl Deploy {
    #[step]
    async fn one(&self, #[variables] a: &A) -> u32 {
        a.n
    }
}

fn main() {}
