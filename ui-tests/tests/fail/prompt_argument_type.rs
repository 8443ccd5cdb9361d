use pmcp_tasks::prelude::*;

struct Database;

#[prompt]
async fn review(_db: Database) -> String {
    String::new()
}

fn main() {}
