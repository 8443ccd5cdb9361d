use pmcp_tasks::prelude::*;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Deploy<T> {
    service: T,
}

#[workflow]
impl<T> Deploy<T> {
    #[step]
    async fn validate(&self) -> Result<u8, ToolError> {
        let _ = &self.service;
        Ok(1)
    }
}

fn main() {}
