use pmcp_tasks::prelude::*;

#[derive(Form)]
struct Order {
    #[form(rename = "")]
    _pieces: u8,
}

fn main() {}
