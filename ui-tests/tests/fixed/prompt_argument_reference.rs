use pmcp_tasks::prelude::*;

#[prompt]
async fn review(path: &str) -> String {
    path.to_owned()
}

fn main() {}
