use pmcp_tasks::prelude::*;

#[derive(TaskVariables, Default)]
struct Progress {
    #[variable]
    rows: u64,
}

fn main() {}
