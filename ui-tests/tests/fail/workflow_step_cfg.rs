use pmcp_tasks::prelude::*;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Deploy {
    service: String,
}

#[workflow]
impl Deploy {
    #[cfg(unix)]
    #[step]
    async fn validate(&self) -> u8 {
        0
    }
}

fn main() {}
