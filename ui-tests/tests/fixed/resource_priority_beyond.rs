use pmcp_tasks::prelude::*;

#[resource(uri = "note://today", priority = 1.0)]
async fn today() -> String {
    "nothing".into()
}

fn main() {}
