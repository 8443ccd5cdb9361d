use pmcp_tasks::prelude::*;

#[derive(TaskVariables, Default, serde::Serialize)]
#[serde(rename_all(serialize = "camelCase"))]
struct Imported {
    _row_count: u64,
}

fn main() {}
