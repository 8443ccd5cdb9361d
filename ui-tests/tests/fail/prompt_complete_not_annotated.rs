use pmcp_tasks::prelude::*;

async fn paths(typed: &str) -> Vec<String> {
    vec![typed.to_owned()]
}

#[prompt]
async fn review(#[complete(paths)] path: String) -> String {
    let _ = paths("").await;
    path
}

fn main() {}
