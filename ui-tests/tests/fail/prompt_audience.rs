use pmcp_tasks::prelude::*;

#[prompt(audience = ["user"])]
async fn review(path: String) -> String {
    path
}

fn main() {}
