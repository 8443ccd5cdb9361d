use pmcp_tasks::prelude::*;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Deploy {
    service: String,
}

#[workflow]
impl Deploy {
    #[step]
    async fn validate(&self) -> Result<usize, ToolError> {
        Ok(self.service.len())
    }
}

fn main() {
    let _ = Deploy::validate;
}
