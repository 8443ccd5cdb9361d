use pmcp_tasks::prelude::*;

#[derive(TaskVariables, serde::Serialize, serde::Deserialize, Default)]
struct Progress {
    #[serde(rename(serialize = "lines", deserialize = "rows"))]
    rows: u64,
}

fn main() {}
