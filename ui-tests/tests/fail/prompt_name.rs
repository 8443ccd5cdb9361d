use pmcp_tasks::prelude::*;

#[prompt(name = "review file")]
async fn review(path: String) -> String {
    path
}

fn main() {}
