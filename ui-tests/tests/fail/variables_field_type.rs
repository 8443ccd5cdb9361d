use pmcp_tasks::prelude::*;

#[derive(Default)]
struct Secret;

#[derive(TaskVariables, Default)]
struct Progress {
    done: u8,
    secret: Secret,
}

fn main() {}
