use pmcp_tasks::prelude::*;

#[prompt]
async fn review(path: String) -> String {
    path
}

fn main() {}
