use pmcp_tasks::prelude::*;

#[complete]
async fn paths(typed: &str) -> Vec<String> {
    vec![typed.to_owned()]
}

#[prompt]
async fn review(#[complete(paths)] path: String) -> String {
    path
}

fn main() {}
