use pmcp_tasks::prelude::*;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Deploy {
    service: String,
}

#[workflow]
impl Deploy {
    #[step]
    async fn validate(&self, _task: TaskContext) -> u8 {
        0
    }
}

fn main() {}
