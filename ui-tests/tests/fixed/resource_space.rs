use pmcp_tasks::prelude::*;

#[resource(uri = "note://my%20day")]
async fn note() -> String {
    String::new()
}

fn main() {}
