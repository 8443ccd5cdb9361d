use pmcp_tasks::prelude::*;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Deploy {
    service: String,
}

#[workflow]
impl Deploy {
    #[step]
    async fn validate(&self) -> Result<Validatd, ToolError> {
        todo!()
    }

    #[step]
    async fn check(&self, validate: &Validatd) -> Result<u8, ToolError> {
        let _ = validate;
        Ok(1)
    }
}

fn main() {}
