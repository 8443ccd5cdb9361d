use pmcp_tasks::prelude::*;

#[derive(TaskVariables, Default)]
struct Progress {
    rows: u64,
    #[variable(rename = "rows")]
    lines: u64,
}

fn main() {}
