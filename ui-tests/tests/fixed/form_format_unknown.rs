use pmcp_tasks::prelude::*;

#[derive(Form)]
struct Order {
    #[form(format = "email")]
    _mail: String,
}

fn main() {}
