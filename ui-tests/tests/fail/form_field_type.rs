use pmcp_tasks::prelude::*;

struct Address;

#[derive(Form)]
struct Order {
    _pieces: u8,
    _address: Address,
}

fn main() {}
