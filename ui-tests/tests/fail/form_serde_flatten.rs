use pmcp_tasks::prelude::*;

#[derive(Form, serde::Serialize)]
struct Order {
    #[serde(flatten)]
    _size: Size,
}

#[derive(serde::Serialize)]
struct Size {
    _pieces: u8,
}

fn main() {}
