use pmcp_tasks::prelude::*;

#[derive(TaskVariables, Default)]
#[serde(rename_all = "camel")]
struct Progress {
    done_rows: u64,
}

fn main() {}
