use pmcp_tasks::prelude::*;

#[prompt]
async fn review(#[ask("Which file?")] path: String) -> String {
    path
}

fn main() {}
