use pmcp_tasks::prelude::*;

#[derive(TaskVariables)]
struct Progress {
    done: u8,
    total: u8,
}

fn main() {}
