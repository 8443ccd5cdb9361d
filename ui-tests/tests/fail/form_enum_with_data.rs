use pmcp_tasks::prelude::*;

#[derive(Form)]
enum Size {
    _Small,
    _Other(u32),
}

#[derive(Form)]
struct Order {
    _size: Size,
}

fn main() {}
