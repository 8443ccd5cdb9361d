use pmcp_tasks::prelude::*;

#[resource]
async fn note() -> String {
    String::new()
}

fn main() {}
