use pmcp_tasks::prelude::*;

#[prompt("review")]
async fn review_file(path: String) -> String {
    path
}

fn main() {}
