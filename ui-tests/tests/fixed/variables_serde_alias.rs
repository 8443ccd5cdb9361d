use pmcp_tasks::prelude::*;

#[derive(TaskVariables, serde::Serialize, serde::Deserialize, Default)]
struct Progress {
    #[variable(rename = "lines")]
    rows: u64,
}

fn main() {}
