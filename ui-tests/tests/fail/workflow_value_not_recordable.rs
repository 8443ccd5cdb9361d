use pmcp_tasks::prelude::*;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Deploy {
    service: String,
}

struct Plain;

#[workflow]
impl Deploy {
    #[step]
    async fn validate(&self) -> Result<Plain, ToolError> {
        Ok(Plain)
    }

    #[step]
    async fn check(&self, validate: &Plain) -> Result<u8, ToolError> {
        let _ = validate;
        Ok(1)
    }
}

fn main() {}
