use pmcp_tasks::prelude::*;

#[derive(Form)]
struct Order {
    #[form(format = "e-mail")]
    _mail: String,
}

fn main() {}
