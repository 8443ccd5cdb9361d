use pmcp_tasks::prelude::*;

#[derive(Form, serde::Serialize)]
struct Order {
    #[serde(rename(serialize = "count", deserialize = "pieces"))]
    _pieces: u8,
}

fn main() {}
