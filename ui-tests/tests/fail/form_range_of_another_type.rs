use pmcp_tasks::prelude::*;

const MOST: usize = 9;

#[derive(Form)]
struct Order {
    #[form(range = 1..=MOST)]
    _pieces: u8,
}

fn main() {}
