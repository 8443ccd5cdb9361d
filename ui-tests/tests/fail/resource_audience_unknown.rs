use pmcp_tasks::prelude::*;

#[resource(uri = "note://today", audience = ["users"])]
async fn today() -> String {
    "nothing".into()
}

fn main() {}
