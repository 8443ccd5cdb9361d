use pmcp_tasks::prelude::*;

#[derive(TaskVariables, Default)]
#[serde(rename_all = "camelCase")]
struct Progress {
    done_rows: u64,
}

fn main() {}
