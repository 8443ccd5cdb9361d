use pmcp_tasks::prelude::*;

#[complete]
async fn paths(typed: &str) -> Vec<String> {
    vec![typed.to_string()]
}

fn main() {}
