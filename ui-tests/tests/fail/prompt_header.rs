use pmcp_tasks::prelude::*;

#[prompt]
async fn review(#[arg(header = "Path")] path: String) -> String {
    path
}

fn main() {}
