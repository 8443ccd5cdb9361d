use pmcp_tasks::prelude::*;

#[derive(Form)]
struct Order {
    _size: Size,
}

#[derive(Form)]
enum Size {
    _Small,
    _Large,
}

fn main() {}
