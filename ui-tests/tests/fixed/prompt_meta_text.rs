use pmcp_tasks::prelude::*;

#[prompt(meta = serde_json::json!({ "com.example/key": "reviews" }))]
async fn review(path: String) -> String {
    path
}

fn main() {}
