use pmcp_tasks::prelude::*;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Deploy {
    service: String,
}

#[workflow]
impl Deploy {
    #[step(title = "Validate")]
    #[step(hidden)]
    async fn validate(&self) -> u8 {
        0
    }
}

fn main() {}
