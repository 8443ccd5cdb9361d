use pmcp_tasks::prelude::*;

#[prompt]
async fn review(path: String, #[arg(rename = "path")] _other: String) -> String {
    path
}

fn main() {}
