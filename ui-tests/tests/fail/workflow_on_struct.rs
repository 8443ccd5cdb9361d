use pmcp_tasks::prelude::*;

#[workflow]
#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Deploy {
    service: String,
}

fn main() {
    let _ = Deploy { service: String::new() }.service;
}
