use pmcp_tasks::prelude::*;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct All {
    day: u32,
}

#[resource(uri = "note://{day}")]
async fn note(#[args] all: All) -> String {
    all.day.to_string()
}

fn main() {}
