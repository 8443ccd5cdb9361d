use pmcp_tasks::prelude::*;

#[derive(Form)]
struct Order {
    #[form(range = 1..=9, length = ..=80)]
    _note: String,
}

fn main() {}
