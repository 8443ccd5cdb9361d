use pmcp_tasks::prelude::*;

#[derive(serde::Serialize, serde::Deserialize, Default)]
struct Counts {
    rows: u64,
}

#[derive(TaskVariables, serde::Serialize, serde::Deserialize, Default)]
struct Progress {
    counts: Counts,
}

fn main() {}
