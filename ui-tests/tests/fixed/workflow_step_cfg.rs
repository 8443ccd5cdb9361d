use pmcp_tasks::prelude::*;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Deploy {
    service: String,
}

#[workflow]
#[cfg(unix)]
impl Deploy {
    #[step]
    async fn validate(&self) -> u8 {
        0
    }
}

fn main() {}
