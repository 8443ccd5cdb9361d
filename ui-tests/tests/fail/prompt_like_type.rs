use pmcp_tasks::prelude::*;

mod review {}

#[prompt]
async fn review(path: String) -> String {
    path
}

fn main() {}
