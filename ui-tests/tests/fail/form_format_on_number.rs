use pmcp_tasks::prelude::*;

#[derive(Form)]
struct Order {
    #[form(format = "date")]
    _day: u8,
}

fn main() {}
