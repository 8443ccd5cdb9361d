use pmcp_tasks::prelude::*;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Deploy {
    service: String,
}

struct Plain;

#[workflow]
impl Deploy {
    #[step]
    async fn validate(&self) -> Result<u8, Plain> {
        Ok(1)
    }
}

fn main() {}
