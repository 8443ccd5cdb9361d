use pmcp_tasks::prelude::*;

#[prompt(title = "Review")]
async fn review(path: String) -> String {
    path
}

fn main() {}
