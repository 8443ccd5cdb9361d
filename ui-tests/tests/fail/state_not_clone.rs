use pmcp_tasks::prelude::*;

struct Database;

#[derive(FromRef)]
struct App {
    db: Database,
}

fn main() {}
