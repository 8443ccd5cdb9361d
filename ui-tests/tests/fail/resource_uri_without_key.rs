use pmcp_tasks::prelude::*;

#[resource("note://today")]
async fn note() -> String {
    String::new()
}

fn main() {}
