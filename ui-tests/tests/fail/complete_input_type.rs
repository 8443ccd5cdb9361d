use pmcp_tasks::prelude::*;

#[complete]
async fn paths(typed: u32) -> Vec<String> {
    vec![typed.to_string()]
}

fn main() {}
