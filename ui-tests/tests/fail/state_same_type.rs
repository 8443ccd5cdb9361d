use pmcp_tasks::prelude::*;

#[derive(Clone)]
struct Database;

#[derive(FromRef, Clone)]
struct App {
    primary: Database,
    replica: Database,
}

fn main() {}
