use pmcp_tasks::prelude::*;

#[resource(uri = 7)]
async fn note() -> String {
    String::new()
}

fn main() {}
