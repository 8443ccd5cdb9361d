use pmcp_tasks::prelude::*;

#[resource(uri = "note://today")]
async fn note() -> String {
    String::new()
}

fn main() {}
