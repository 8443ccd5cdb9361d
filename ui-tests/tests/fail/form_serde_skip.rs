use pmcp_tasks::prelude::*;

#[derive(Form, serde::Serialize)]
struct Order {
    _pieces: u8,
    #[serde(skip)]
    _note: String,
}

fn main() {}
