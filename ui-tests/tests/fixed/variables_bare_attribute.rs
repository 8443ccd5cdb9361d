use pmcp_tasks::prelude::*;

#[derive(TaskVariables, Default)]
struct Progress {
    #[variable(hidden)]
    rows: u64,
}

fn main() {}
