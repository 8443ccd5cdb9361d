use pmcp_tasks::prelude::*;

#[complete]
async fn paths(typed: &str, folder: &str) -> Vec<String> {
    vec![format!("{folder}/{typed}")]
}

fn main() {}
