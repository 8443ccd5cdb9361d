use pmcp_tasks::prelude::*;

#[derive(Form)]
struct Order {
    #[form(range = 0..=9, default = 0)]
    _pieces: u8,
}

fn main() {}
