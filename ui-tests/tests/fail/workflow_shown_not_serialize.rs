use pmcp_tasks::prelude::*;
use ui_tests::deploy::Approval;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Deploy {
    service: String,
}

struct Plain;

#[workflow]
impl Deploy {
    #[step(client, output = Approval)]
    fn approve(&self) -> Plain {
        Plain
    }
}

fn main() {}
