use pmcp_tasks::prelude::*;

#[derive(TaskVariables, Default)]
struct Imported {
    _batch: uuid::Uuid,
}

fn main() {}
