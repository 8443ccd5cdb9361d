use pmcp_tasks::prelude::*;

#[derive(Form)]
struct Order {
    #[form(range = ..)]
    _pieces: u8,
}

fn main() {}
