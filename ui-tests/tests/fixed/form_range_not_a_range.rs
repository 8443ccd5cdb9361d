use pmcp_tasks::prelude::*;

#[derive(Form)]
struct Order {
    #[form(range = ..=80)]
    _pieces: u8,
}

fn main() {}
