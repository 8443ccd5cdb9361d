use pmcp_tasks::prelude::*;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Deploy {
    service: String,
}

#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
struct Answer {}

#[workflow]
impl Deploy {
    #[step(client, output = Answer)]
    fn approve(&self) -> String {
        self.service.clone()
    }
}

fn main() {}
