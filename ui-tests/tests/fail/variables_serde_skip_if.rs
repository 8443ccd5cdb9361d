use pmcp_tasks::prelude::*;

#[derive(TaskVariables, serde::Serialize, serde::Deserialize, Default)]
struct Progress {
    rows: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

fn main() {}
