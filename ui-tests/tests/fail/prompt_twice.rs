use pmcp_tasks::prelude::*;

#[prompt]
#[prompt]
async fn review(path: String) -> String {
    path
}

fn main() {}
