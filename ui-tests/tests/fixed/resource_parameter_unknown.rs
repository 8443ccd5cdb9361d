use pmcp_tasks::prelude::*;

#[resource(uri = "note://today/{_db}")]
async fn note(_db: u32) -> String {
    String::new()
}

fn main() {}
