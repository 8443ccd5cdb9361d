use pmcp_tasks::prelude::*;

#[derive(Form)]
struct Order<T> {
    _pieces: T,
}

fn main() {}
