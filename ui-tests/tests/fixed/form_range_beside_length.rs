use pmcp_tasks::prelude::*;

#[derive(Form)]
struct Order {
    #[form(length = ..=80)]
    _note: String,
}

fn main() {}
