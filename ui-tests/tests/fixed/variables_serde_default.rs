use pmcp_tasks::prelude::*;

#[derive(TaskVariables, serde::Serialize, serde::Deserialize, Default)]
struct Progress {
    rows: u64,
}

fn main() {}
