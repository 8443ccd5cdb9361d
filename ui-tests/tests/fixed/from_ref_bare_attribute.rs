use pmcp_tasks::prelude::*;

#[derive(Clone)]
struct Database;

#[derive(FromRef, Clone)]
struct App {
    db: Database,
}

fn main() {}
