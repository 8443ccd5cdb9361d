use pmcp_tasks::prelude::*;

#[prompt]
fn review(path: String) -> String {
    path
}

fn main() {}
