use pmcp_tasks::prelude::*;

#[resource(uri = "note://today", audience = ["user"])]
async fn today() -> String {
    "nothing".into()
}

fn main() {}
