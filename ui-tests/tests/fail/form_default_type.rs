use pmcp_tasks::prelude::*;

#[derive(Form)]
struct Order {
    #[form(default = "one")]
    _pieces: u8,
}

fn main() {}
