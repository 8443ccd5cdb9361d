use pmcp_tasks::prelude::*;

#[derive(Form)]
struct Order {
    #[form(range = 1..=10)]
    _pieces: u8,
}

fn main() {}
