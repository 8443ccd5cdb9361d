use pmcp_tasks::prelude::*;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Deploy {
    service: String,
}

#[workflow(scopes = [])]
impl Deploy {
    #[step]
    async fn validate(&self) -> String {
        self.service.clone()
    }
}

fn main() {}
