use pmcp_tasks::prelude::*;

#[prompt]
async fn review<T>(path: String) -> String {
    path
}

fn main() {}
