use pmcp_tasks::prelude::*;

#[derive(Form)]
struct Order {
    #[form(titel = "Pieces")]
    _pieces: u8,
}

fn main() {}
