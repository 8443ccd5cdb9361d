use pmcp_tasks::prelude::*;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Deploy {
    service: String,
}

#[workflow]
impl Clone for Deploy {
    #[step]
    fn clone(&self) -> Self {
        Deploy { service: self.service.clone() }
    }
}

fn main() {}
