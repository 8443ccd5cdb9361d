use pmcp_tasks::prelude::*;

#[derive(Form, serde::Deserialize, Default)]
#[serde(default)]
struct Order {
    _pieces: u8,
}

fn main() {}
