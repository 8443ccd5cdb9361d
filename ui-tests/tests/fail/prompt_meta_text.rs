use pmcp_tasks::prelude::*;

#[prompt(meta = "reviews")]
async fn review(path: String) -> String {
    path
}

fn main() {}
