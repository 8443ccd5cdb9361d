use pmcp_tasks::prelude::*;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Deploy {
    service: String,
}

#[workflow]
impl Deploy {
    fn helper(&self) -> usize {
        self.service.len()
    }
}

fn main() {}
