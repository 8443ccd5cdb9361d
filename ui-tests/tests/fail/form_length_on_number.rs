use pmcp_tasks::prelude::*;

#[derive(Form)]
struct Order {
    #[form(length = 1..=80)]
    _pieces: u8,
}

fn main() {}
