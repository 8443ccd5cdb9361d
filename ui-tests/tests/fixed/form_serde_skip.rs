use pmcp_tasks::prelude::*;

#[derive(Form, serde::Serialize)]
struct Order {
    _pieces: u8,
}

fn main() {}
