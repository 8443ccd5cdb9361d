use pmcp_tasks::prelude::*;

#[derive(Form)]
struct Order {
    _address: Address,
}

#[derive(Form)]
struct Address {
    _street: String,
}

fn main() {}
