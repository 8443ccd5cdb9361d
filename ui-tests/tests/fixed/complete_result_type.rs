use pmcp_tasks::prelude::*;

#[complete]
async fn paths(typed: String) -> Vec<String> {
    vec![typed]
}

fn main() {}
