use pmcp_tasks::prelude::*;

#[derive(Form)]
struct Order {
    #[form(range(min = 1, max = 80))]
    _pieces: u8,
}

fn main() {}
