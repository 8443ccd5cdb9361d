use pmcp_tasks::prelude::*;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct All {
    path: String,
}

#[prompt]
async fn review(#[args] all: All, _lines: u32) -> String {
    all.path
}

fn main() {}
