use pmcp_tasks::prelude::*;

#[derive(Form, serde::Deserialize, schemars::JsonSchema)]
struct Order {
    #[schemars(range(min = 1, max = 80))]
    _pieces: u8,
}

fn main() {}
