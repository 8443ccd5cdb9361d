use pmcp_tasks::prelude::*;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct All;

#[prompt]
async fn review(#[args] _all: All) -> String {
    String::new()
}

fn main() {}
