use pmcp_tasks::prelude::*;

#[derive(Form, serde::Deserialize, schemars::JsonSchema)]
struct Order {
    #[form(range = 1..=80)]
    #[schemars(range(min = 1, max = 80))]
    _pieces: u8,
}

fn main() {}
