use pmcp_tasks::prelude::*;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Deploy {
    service: String,
}

#[workflow(icons = [icon("https://example.com/deploy.png", sizes = ["48x48"])])]
impl Deploy {
    #[step]
    async fn validate(&self) -> usize {
        self.service.len()
    }
}

fn main() {}
