use pmcp_tasks::prelude::*;

#[derive(Form)]
struct Order {
    pieces: u8,
    #[form(rename = "more")]
    _more: u8,
}

fn main() {}
