use pmcp_tasks::prelude::*;

#[derive(Form, serde::Deserialize, Default)]
struct Order {
    #[form(default)]
    _pieces: u8,
}

fn main() {}
