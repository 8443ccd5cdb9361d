use pmcp_tasks::prelude::*;

#[derive(Form)]
struct Order {
    _pieces: u8,
}

fn main() {}
