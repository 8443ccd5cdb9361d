use pmcp_tasks::prelude::*;

#[derive(TaskVariables, serde::Serialize, serde::Deserialize, Default)]
struct Progress {
    rows: u64,
    #[variable(hidden)]
    token: Option<String>,
}

fn main() {}
