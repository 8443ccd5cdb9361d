use pmcp_tasks::prelude::*;

#[derive(Clone)]
struct Database;

#[derive(TaskVariables, Default)]
struct Progress {
    db: Option<Database>,
}

fn main() {}
