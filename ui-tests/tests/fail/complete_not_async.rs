use pmcp_tasks::prelude::*;

#[complete]
fn paths(typed: String) -> Vec<String> {
    vec![typed]
}

fn main() {}
