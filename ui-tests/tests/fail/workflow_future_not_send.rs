use pmcp_tasks::prelude::*;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Deploy {
    service: String,
}

#[workflow]
impl Deploy {
    #[step]
    async fn validate(&self) -> Result<u8, ToolError> {
        let shared = std::rc::Rc::new(0);
        std::future::ready(()).await;
        Ok(*shared)
    }
}

fn main() {}
