use pmcp_tasks::prelude::*;

#[derive(Form)]
struct Order {
    #[form(title = "Pieces")]
    _pieces: u8,
}

fn main() {}
