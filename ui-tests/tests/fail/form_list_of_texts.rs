use pmcp_tasks::prelude::*;

#[derive(Form)]
struct Order {
    _notes: Vec<String>,
}

fn main() {}
