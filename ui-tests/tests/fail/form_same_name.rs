use pmcp_tasks::prelude::*;

#[derive(Form)]
struct Order {
    pieces: u8,
    #[form(rename = "pieces")]
    _more: u8,
}

fn main() {}
