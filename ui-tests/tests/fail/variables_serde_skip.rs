use pmcp_tasks::prelude::*;

#[derive(TaskVariables, serde::Serialize, serde::Deserialize, Default)]
struct Progress {
    rows: u64,
    #[serde(skip)]
    token: String,
}

fn main() {}
