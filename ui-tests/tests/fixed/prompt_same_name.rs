use pmcp_tasks::prelude::*;

#[prompt]
async fn review(path: String, #[arg(rename = "other")] _other: String) -> String {
    path
}

fn main() {}
