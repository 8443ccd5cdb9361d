use pmcp_tasks::prelude::*;

#[resource(uri = "note://today", scopes = ["notes:read", "notes:read"])]
async fn today() -> String {
    "nothing".into()
}

fn main() {}
