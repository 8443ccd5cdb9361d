use pmcp_tasks::prelude::*;

#[derive(TaskVariables, serde::Serialize, serde::Deserialize, Default)]
struct Progress {
    #[serde(alias = "lines")]
    rows: u64,
}

fn main() {}
