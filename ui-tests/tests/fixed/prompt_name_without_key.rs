use pmcp_tasks::prelude::*;

#[prompt(name = "review")]
async fn review_file(path: String) -> String {
    path
}

fn main() {}
