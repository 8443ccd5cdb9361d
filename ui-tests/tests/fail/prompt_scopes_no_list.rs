use pmcp_tasks::prelude::*;

#[prompt(scopes = "notes:read notes:list")]
async fn confide() -> String {
    "psst".into()
}

fn main() {}
