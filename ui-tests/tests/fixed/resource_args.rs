use pmcp_tasks::prelude::*;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct All {
    day: u32,
}

#[resource(uri = "note://{day}")]
async fn note(day: u32) -> String {
    day.to_string()
}

fn main() {}
