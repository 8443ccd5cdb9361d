use pmcp_tasks::prelude::*;

#[complete]
async fn paths(typed: String) -> String {
    typed
}

fn main() {}
