use pmcp_tasks::prelude::*;

#[derive(Form, serde::Serialize)]
struct Order {
    #[form(rename = "pieces")]
    _pieces: u8,
}

fn main() {}
