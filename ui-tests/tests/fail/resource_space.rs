use pmcp_tasks::prelude::*;

#[resource(uri = "note://my day")]
async fn note() -> String {
    String::new()
}

fn main() {}
