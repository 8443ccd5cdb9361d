use pmcp_tasks::prelude::*;

#[complete(name = "paths")]
async fn paths(typed: String) -> Vec<String> {
    vec![typed]
}

fn main() {}
