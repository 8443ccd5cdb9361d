use pmcp_tasks::prelude::*;

#[derive(Clone)]
struct Database;

#[derive(FromRef, Clone)]
struct App {
    #[from_ref]
    db: Database,
}

fn main() {}
